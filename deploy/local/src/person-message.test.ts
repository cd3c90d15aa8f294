import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { LocalStackError } from './local-stack-error.ts'
import { personMessage } from './person-message.ts'

it('is the message alone of what a person has to mend', () => {
  expect(personMessage(new LocalStackError('do this'))).toBe('do this')
})

it('names the place that cannot be used in one line', () => {
  const directory = mkdtempSync(join(tmpdir(), 'cairn-person-message-'))
  onTestFinished(() => rmSync(directory, { recursive: true }))
  const file = join(directory, 'file')
  writeFileSync(file, '')
  let message = ''
  try {
    writeFileSync(join(file, 'below'), '')
  } catch (error) {
    message = personMessage(error)
  }
  expect(message).toBe(
    `${join(file, 'below')} cannot be used (ENOTDIR); it has to be there, and to belong to this user`,
  )
})

it('is the stack trace of a fault of ours', () => {
  expect(personMessage(new TypeError('oh'))).toContain('TypeError: oh\n    at ')
  expect(personMessage('text')).toBe('text')
})
