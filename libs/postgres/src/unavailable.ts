// PostgreSQL cannot be reached, was lost, or does not answer. Without pg's error as its cause: that names nothing, and an incident is
// told by its innermost cause.

export class PostgresUnavailable extends Error {
  /** Of Node, e.g. ECONNREFUSED. */
  readonly code: string | undefined
  /** Name of the statement that was under way, if one was. */
  readonly statement: string | undefined

  constructor(message: string, { code, statement }: { code: string | undefined; statement: string | undefined }) {
    super(message)
    this.name = 'PostgresUnavailable'
    this.code = code
    this.statement = statement
  }
}
