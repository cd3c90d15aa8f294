// What is told when PostgreSQL is away or answers nothing: which one, and for how long. The link stands between it and the pool alone.
import { createPool, databaseFailure, inPipelinedTransaction, inTransaction, isConnectionLoss } from '@cairn/postgres'
import { createEmptyDatabase, startLink, type EmptyDatabase, type Link } from '@cairn/testkit'
import pg from 'pg'
import { once } from 'node:events'
import { createServer, type AddressInfo } from 'node:net'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'

let database: EmptyDatabase
let link: Link
let pool: pg.Pool
let place: string
const open = (options: { url?: string } = {}): pg.Pool =>
  createPool({
    url: link.url,
    name: 'test',
    maxConnections: 2,
    connectTimeoutMs: 500,
    statementTimeoutMs: 250,
    onIdleError: () => undefined,
    ...options,
  })
beforeEach(async () => {
  database = await createEmptyDatabase()
  link = await startLink(database.url)
  const { host, pathname } = new URL(link.url)
  place = `PostgreSQL at ${host}${pathname}`
  pool = open()
})
afterEach(async () => {
  await pool.end()
  await link.stop()
  await database.drop()
})

const failureOf = async (work: Promise<unknown>): Promise<Error & { code?: string; statement?: string }> => {
  const error = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  if (!(error instanceof Error)) throw new Error('it did not fail')
  expect([isConnectionLoss(error), databaseFailure(error).code]).toEqual([true, 'unavailable'])
  // An incident is told by its innermost cause.
  expect(error.cause).toBeUndefined()
  return error
}

const asking = {
  'a statement': (of = pool) => of.query('SELECT 1'),
  'a transaction': (of = pool) => inTransaction(of, client => client.query('SELECT 1')),
}

describe.each(Object.entries(asking))('%s', (_what, ask) => {
  it('that gets no connection says from where, and within which time', async () => {
    link.drop()
    const { message } = await failureOf(ask())
    expect(message).toContain(`no connection to ${place} could be had within 500 ms (0 of 2 taken, 0 waiting): `)
  })

  it('that waits for those that others have says how many there are', async () => {
    const held = [await pool.connect(), await pool.connect()]
    const { message } = await failureOf(ask())
    for (const client of held) client.release()
    expect(message).toContain(`no connection to ${place} could be had within 500 ms (2 of 2 taken, 0 waiting): `)
  })

  it('that is refused a connection says by whom, with the code', async () => {
    link.cut()
    const failed = await failureOf(ask())
    expect(failed.message).toContain(`no connection to ${place} could be had (`)
    expect(failed.code).toBe('ECONNRESET')
  })

  it('whose user is not let in, as while its password is changed, is unavailable', async () => {
    const url = new URL(database.url)
    url.username = 'nobody'
    const refused = open({ url: url.href })
    const { code } = await failureOf(ask(refused))
    await refused.end()
    expect(code).toMatch(/^28/)
  })

  it('that is not answered says by whom, and for how long', async () => {
    await ask()
    link.drop()
    const { message, statement } = await failureOf(ask())
    expect(message).toContain(`${place} has not answered for 500 ms: `)
    expect(statement).toMatch(/SELECT|BEGIN/)
  })

  it('whose connection breaks says to where it was', async () => {
    const answered = ask()
    await answered
    link.drop()
    const failed = failureOf(ask())
    link.cut()
    const { message, statement } = await failed
    expect(message).toContain(`the connection to ${place} was lost: `)
    expect(statement).toMatch(/SELECT|BEGIN/)
  })
})

it('a pipelined transaction that is not answered tells its first statement', async () => {
  const pipelined = open()
  const write = () =>
    inPipelinedTransaction(pipelined, async pipeline => pipeline.query({ name: 'one', text: 'SELECT 1' }))
  await write()
  link.drop()
  expect((await failureOf(write())).message).toContain(`${place} has not answered for 500 ms: `)
  await pipelined.end()
})

it('a server that ends a session as soon as it has begun fails what is asked of it, and nothing else', async () => {
  const message = (type: string, body: Buffer): Buffer => {
    const head = Buffer.alloc(5)
    head.write(type)
    head.writeInt32BE(body.length + 4, 1)
    return Buffer.concat([head, body])
  }
  const ended = Buffer.from('SFATAL\0C57P01\0Mterminating connection due to administrator command\0\0')
  const begun = [message('R', Buffer.alloc(4)), message('Z', Buffer.from('I')), message('E', ended)]
  const server = createServer(socket => {
    socket.on('error', () => undefined).once('data', () => socket.end(Buffer.concat(begun)))
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const { port } = server.address() as AddressInfo
  const brief = open({ url: `postgresql://u:p@127.0.0.1:${port}/d` })
  const failed = await failureOf(inTransaction(brief, client => client.query('SELECT 1')))
  expect(isConnectionLoss(failed)).toBe(true)
  await brief.end()
  server.close()
})

it('neither user nor password are told', async () => {
  link.cut()
  const url = new URL(link.url)
  url.username = 'somebody'
  url.password = 'what-nobody-may-know'
  const theirs = open({ url: url.href })
  const { message } = await failureOf(theirs.query('SELECT 1'))
  expect(message).toContain(place)
  expect(message).not.toMatch(/somebody|nobody/)
  await theirs.end()
})

it('what PostgreSQL itself says is left as it is', async () => {
  await expect(pool.query('SELECT nothing')).rejects.toBeInstanceOf(pg.DatabaseError)
  const url = new URL(link.url)
  url.pathname = '/not_there'
  const elsewhere = open({ url: url.href })
  await expect(elsewhere.query('SELECT 1')).rejects.toMatchObject({ code: '3D000' })
  await elsewhere.end()
})
