// Real lines of the services' own logger, as they come out for a terminal.
import { Writable } from 'node:stream'
import { stripVTControlCharacters } from 'node:util'
import { createLogger } from '@cairn/runtime'
import { expect, it } from 'vitest'
import { logFormatter } from './log-format.ts'

const lineOf = (write: (logger: ReturnType<typeof createLogger>) => void): string => {
  let line = ''
  const destination = new Writable({
    write: (chunk: Buffer, _encoding, done) => {
      line += chunk.toString()
      done()
    },
  })
  write(createLogger({ service: 'auth', level: 'info', destination }))
  return line.trimEnd()
}

const onTerminal = (line: string): string => stripVTControlCharacters(logFormatter(true)(line))

it('shows service, message and fields in one line on a terminal', () => {
  const shown = onTerminal(lineOf(logger => logger.warn({ port: 8080 }, 'listens')))
  expect(shown).toMatch(/^\[\d\d:\d\d:\d\d\.\d{3}\] WARN: auth: listens \{"port":8080\}\n$/)
})

it('shows an error with its stack', () => {
  const shown = onTerminal(lineOf(logger => logger.error({ error: new TypeError('oh') }, 'failed')))
  expect(shown).toContain('auth: failed')
  expect(shown).toMatch(/^ +TypeError: oh\n +at /m)
})

it('shows what is no record as it is, and everything as it is in a pipe', () => {
  expect(onTerminal('plain words')).toBe('plain words\n')
  const line = lineOf(logger => logger.info('listens'))
  expect(logFormatter(false)(line)).toBe(`${line}\n`)
})
