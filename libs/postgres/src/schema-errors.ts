// Why a service does not use its schema.

/** The database has not been migrated yet, or not far enough. It may be any moment. */
export class SchemaBehind extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'SchemaBehind'
  }
}

/** Nothing that waiting would change. */
export class SchemaRefused extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'SchemaRefused'
  }
}
