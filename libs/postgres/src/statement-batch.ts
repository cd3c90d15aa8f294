// Statements that leave together and are answered together: one message with one Sync at the end instead of one for each, so the
// server sends once and keeps its timers once. pg has nothing for this (its pipeline mode ends each statement with a Sync),
// but takes whoever speaks to the connection itself. The first that fails is answered with its error, and the server passes
// over those behind it: https://www.postgresql.org/docs/18/protocol-flow.html#PROTOCOL-FLOW-PIPELINING
import type pg from 'pg'

/** Prepared under its name when a connection meets it first. Its values are as PostgreSQL reads them. */
export interface PreparedStatement {
  readonly name: string
  readonly text: string
  readonly values?: (string | null)[]
}

export interface StatementAnswer<Row> {
  readonly rows: Row[]
  /** What the server calls what it did. */
  readonly command: string
}

/** Told of how one statement ends. */
export interface StatementWatcher {
  /** With what went wrong, if anything did. */
  ended(outcome?: string): void
  /** Answers with what is to be told instead. */
  failed(error: unknown): unknown
}

interface Field {
  readonly name: string
  readonly dataTypeID: Parameters<pg.ClientBase['getTypeParser']>[0]
}

type Column = readonly [name: string, parse: (text: string) => unknown]

/** What a statement answers, known once it is prepared. */
class Columns {
  readonly text: string
  #columns: readonly Column[] = []

  constructor(text: string) {
    this.text = text
  }

  describe(fields: readonly Field[], client: pg.ClientBase): void {
    this.#columns = fields.map(({ name, dataTypeID }) => [name, client.getTypeParser(dataTypeID, 'text')])
  }

  read(texts: readonly (string | null)[]): Record<string, unknown> {
    const row: Record<string, unknown> = {}
    for (const [index, [name, parse]] of this.#columns.entries()) {
      const text = texts[index] ?? null
      row[name] = text === null ? null : parse(text)
    }
    return row
  }
}

interface Sent {
  readonly statement: PreparedStatement
  readonly texts: (readonly (string | null)[])[]
  readonly resolve: (answer: StatementAnswer<Record<string, unknown>>) => void
  readonly reject: (error: unknown) => void
  columns: Columns
  watcher: StatementWatcher | undefined
}

/** pg prepares by the names themselves, and has a list of its own. */
const preparedName = (name: string): string => `${name} (batch)`

const prepared = new WeakMap<pg.Connection, Map<string, Columns>>()

const preparedOn = (connection: pg.Connection): Map<string, Columns> => {
  const known = prepared.get(connection) ?? new Map<string, Columns>()
  prepared.set(connection, known)
  return known
}

/** To be given to `query` of a client once, when all statements have been added. */
export class StatementBatch implements pg.Submittable {
  /** pg's, told when all is answered; it is how its timeout learns of it. */
  callback: ((error?: unknown) => void) | undefined
  readonly #client: pg.Client
  readonly #sent: Sent[] = []
  #answered = 0

  constructor(client: pg.Client) {
    this.#client = client
  }

  add<Row>(statement: PreparedStatement): Promise<StatementAnswer<Row>> {
    return new Promise((resolve, reject) => {
      const answer = resolve as Sent['resolve']
      const columns = new Columns(statement.text)
      this.#sent.push({ statement, texts: [], resolve: answer, reject, columns, watcher: undefined })
    })
  }

  watch(watcherOf: (name: string) => StatementWatcher): void {
    for (const one of this.#sent) one.watcher = watcherOf(one.statement.name)
  }

  submit(connection: pg.Connection): void {
    connection.stream.cork()
    try {
      const known = preparedOn(connection)
      for (const one of this.#sent) {
        const { name, text, values = [] } = one.statement
        const columns = known.get(name)
        if (columns?.text === text) one.columns = columns
        else this.#prepare(one, connection)
        connection.bind({ statement: preparedName(name), values }, true)
        connection.execute(null, true)
      }
      connection.sync()
    } catch (error) {
      // Half a batch cannot be taken back.
      connection.stream.destroy(error as Error)
    } finally {
      connection.stream.uncork()
    }
  }

  /** Of one that is not sent. */
  drop(error: unknown): void {
    for (const { reject } of this.#sent) reject(error)
  }

  /** One that has failed may have left its name behind, or not; to close what is not there is no error. */
  #prepare({ statement, columns }: Sent, connection: pg.Connection): void {
    const name = preparedName(statement.name)
    connection.close({ type: 'S', name }, true)
    connection.parse({ name, text: statement.text, types: [] }, true)
    connection.describe({ type: 'S', name }, true)
    preparedOn(connection).set(statement.name, columns)
  }

  handleRowDescription({ fields }: { fields: readonly Field[] }): void {
    this.#sent[this.#answered]?.columns.describe(fields, this.#client)
  }

  handleDataRow({ fields }: { fields: readonly (string | null)[] }): void {
    this.#sent[this.#answered]?.texts.push(fields)
  }

  handleCommandComplete({ text }: { text: string }): void {
    const one = this.#sent[this.#answered]
    this.#answered += 1
    one?.watcher?.ended()
    try {
      one?.resolve({ rows: one.texts.map(texts => one.columns.read(texts)), command: text })
    } catch (error) {
      one?.reject(error)
    }
  }

  handleEmptyQuery(): void {
    this.handleCommandComplete({ text: '' })
  }

  handleCopyInResponse({ stream }: pg.Connection): void {
    stream.destroy(new Error('COPY is no statement of a batch'))
  }

  handleCopyData(_message: unknown, connection: pg.Connection): void {
    this.handleCopyInResponse(connection)
  }

  /** Also when the connection is lost, or the answer does not come. */
  handleError(error: unknown): void {
    const [first, ...passedOver] = this.#sent.slice(this.#answered)
    this.#answered = this.#sent.length
    const told = first?.watcher?.failed(error) ?? error
    first?.reject(told)
    for (const { watcher, reject } of passedOver) {
      watcher?.ended('passed over')
      reject(told)
    }
    // Which names are prepared is not known any more, or what they answer.
    prepared.delete(this.#client.connection)
    this.callback?.(error)
  }

  handleReadyForQuery(): void {
    if (this.#answered < this.#sent.length) this.handleError(new Error('a statement of a batch was not answered'))
    else this.callback?.()
  }
}
