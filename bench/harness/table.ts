// Figures as people read them: one row per case, one column per measure.
import { rounded } from './statistics.ts'

export interface Table {
  readonly title: string
  readonly columns: readonly string[]
  readonly rows: readonly (readonly [name: string, ...values: (number | string)[]])[]
}

const textOf = (value: number | string): string =>
  typeof value === 'string' ? value : rounded(value).toLocaleString('en', { maximumSignificantDigits: 3 })

/** Lines without their newlines. */
export const formatTable = ({ title, columns, rows }: Table): string[] => {
  const cells = [['', ...columns], ...rows.map(row => row.map(textOf))]
  const widths = cells[0]?.map((_cell, column) => Math.max(...cells.map(row => row[column]?.length ?? 0))) ?? []
  const line = (row: readonly string[]): string =>
    row
      .map((cell, column) => (column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0)))
      .join('  ')
  return [title, ...cells.map(line)]
}
