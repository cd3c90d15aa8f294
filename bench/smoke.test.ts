// Every benchmark runs through once, small: that it still works, not how fast it is. Bars about what is right hold here too.
// Servers are its own.
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { inject, expect, it } from 'vitest'
import type { Bench } from './harness/bench.ts'
import { formatTable } from './harness/table.ts'

const names = readdirSync(import.meta.dirname)
  .filter(file => file.endsWith('.ts') && !file.endsWith('.test.ts'))
  .map(file => file.slice(0, -3))

it.each(names)('%s', { timeout: 300_000 }, async name => {
  const { bench } = (await import(join(import.meta.dirname, `${name}.ts`))) as { bench: Bench }
  const directory = join(inject('backends').directory, `bench-${name}`)
  const { tables, figures, bars } = await bench.run({ smoke: true, directory, say: () => undefined })
  expect(bench.name).toBe(name)
  expect(Object.keys(bars).length).toBeGreaterThan(0)
  const missed = Object.keys(bars).filter(bar => bars[bar] === false)
  expect(bench.exact === true ? missed : []).toEqual([])
  for (const table of tables) {
    for (const row of table.rows) expect(row).toHaveLength(table.columns.length + 1)
    expect(formatTable(table).join()).not.toMatch(/NaN|undefined|Infinity/)
  }
  expect(JSON.stringify(figures)).not.toContain('null')
})
