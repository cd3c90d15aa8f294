// docs/events.md and the contract list the same frames and close codes.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { closeCode, frameType } from './realtime.ts'

const page = readFileSync(join(import.meta.dirname, '..', '..', '..', 'docs', 'events.md'), 'utf8')
const firstCells = (pattern: RegExp): string[][] => [...page.matchAll(pattern)].map(([, ...cells]) => cells)

describe('docs/events.md', () => {
  it('has every frame and no other', () => {
    const documented = firstCells(/^\| `([a-z]+\.?[a-z]*)` +\|/gm).flat()
    expect(documented.toSorted()).toEqual(Object.values(frameType).toSorted())
  })

  it('has every close code by its name and no other', () => {
    const snake = (name: string): string => name.replaceAll(/[A-Z]/g, letter => `_${letter.toLowerCase()}`)
    const known = Object.entries(closeCode).map(([name, code]) => [String(code), snake(name)])
    expect(firstCells(/^\| `(\d+)` +\| `([a-z_]+)` +\|/gm)).toEqual(known)
  })
})
