import { describe, expect, it } from 'vitest'
import { differences } from './differences.ts'

const table = (name: string, ...columns: string[]): string =>
  `CREATE TABLE ${name} (\n${columns.map(column => `  ${column}`).join(',\n')}\n);\n`

describe('differences', () => {
  it('are none of a text and itself', () => {
    expect(differences(table('a', 'id int'), table('a', 'id int'))).toEqual([])
  })

  it('show what one object lost, though another has a line like it', () => {
    const before = table('a', 'id int', 'origin text', 'at date') + table('b', 'id int', 'origin text', 'at date')
    const after = table('a', 'id int', 'origin text', 'at date') + table('b', 'id int', 'at date')
    expect(differences(before, after)).toEqual(['    CREATE TABLE b (', '  - origin text,'])
  })

  it('show what stands in another order', () => {
    expect(differences('one\ntwo\n', 'two\none\n')).toEqual(['  - one', '  + one'])
  })

  it('name each object once, and none for a line that is an object itself', () => {
    const before = table('a', 'id int', 'at date') + 'GRANT a;\n'
    const after = table('a', 'id bigint', 'at text') + 'GRANT b;\n'
    expect(differences(before, after)).toEqual([
      '    CREATE TABLE a (',
      '  - id int,',
      '  - at date',
      '  + id bigint,',
      '  + at text',
      '  - GRANT a;',
      '  + GRANT b;',
    ])
  })

  it('are cut off at twenty lines, and say so', () => {
    const lines = differences('', Array.from({ length: 25 }, (_, n) => `line ${n}`).join('\n'))
    expect(lines).toHaveLength(21)
    expect(lines.at(-1)).toBe('  … and 5 lines more')
  })
})
