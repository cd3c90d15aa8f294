// Auth alone on real servers: a database and a NATS of its own, the local Apple issuer, and a bus to ask it over.
import { generateKeyPairSync, randomUUID } from 'node:crypto'
import { Bus, request, subscribe } from '@cairn/bus'
import {
  issueNonce,
  signInWithApple,
  userDeletedSubjects,
  userSignedOutSubjects,
  type Caller,
  type Operation,
  type ReplyOf,
  type RequestOf,
  type Session,
  type UserDeleted,
  type UserSignedOut,
} from '@cairn/contracts'
import { deriveServiceUrls, startAppleIssuer, type AppleIssuer } from '@cairn/local'
import { readEnvironment, type Environment } from '@cairn/runtime'
import {
  captureLogs,
  createTestDatabase,
  databaseUrlOf,
  orderIdentityToken,
  startTestBus,
  type CapturedLogs,
  incidentEnvironment,
} from '@cairn/testkit'
import pg from 'pg'
import { inject } from 'vitest'
import { authVariables, type AuthConfig } from '../src/config.ts'
import { startAuth, type RunningAuth } from '../src/service.ts'

export const clientIds = ['app.cairn.test', 'app.cairn.web'] as const

export interface AuthUnderTest {
  readonly config: AuthConfig
  readonly apple: AppleIssuer
  readonly bus: Bus
  /** The whole database, for looking into tables and moving clocks. */
  readonly database: pg.Pool
  readonly databaseName: string
  readonly logs: CapturedLogs
  ask<O extends Operation>(operation: O, payload: RequestOf<O>, caller?: Caller): Promise<ReplyOf<O>>
  /** Another replica beside this one, or one with other variables. */
  startAnother(environment?: Environment): Promise<RunningAuth>
  /** Stops auth alone; what is around it stays. */
  stopAuth(): Promise<void>
  stop(): Promise<void>
}

const testKey = (letter: string): string => Buffer.alloc(32, letter).toString('base64url')

const environmentOf = (urls: { database: string; nats: string; apple: string }): Environment => ({
  NODE_ENV: 'test',
  NATS_URL: urls.nats,
  USER_HASH_KEY: testKey('u'),
  DRAIN_WINDOW_MS: '500',
  OPS_HOST: '127.0.0.1',
  AUTH_DATABASE_URL: deriveServiceUrls(urls.database, 'tests').authDatabaseUrl,
  AUTH_OPS_PORT: '0',
  AUTH_MASTER_KEY: testKey('m'),
  APPLE_ISSUERS: urls.apple,
  APPLE_KEYS_URL: `${urls.apple}/auth/keys`,
  APPLE_CLIENT_IDS: clientIds.join(','),
  APPLE_TEAM_ID: 'TESTTEAM00',
  ...incidentEnvironment(),
})

export const startAuthUnderTest = async (overrides: Environment = {}): Promise<AuthUnderTest> => {
  const backends = inject('backends')
  const [database, nats] = await Promise.all([
    createTestDatabase(backends.databaseUrl, backends.template),
    startTestBus(),
  ])
  const apple = await startAppleIssuer({ port: 0, clientIds })
  const databaseUrl = databaseUrlOf(backends.databaseUrl, database.name)
  const environment = { ...environmentOf({ database: databaseUrl, nats: nats.url, apple: apple.issuer }), ...overrides }
  const logs = captureLogs()
  const startAnother = (changes: Environment = {}): Promise<RunningAuth> =>
    startAuth(readEnvironment(authVariables, { ...environment, ...changes }), logs.loggerFor('auth'))
  const auth = await startAnother()
  const bus = await Bus.connect({ url: nats.url, name: 'test', logger: logs.loggerFor('test') })
  const pool = new pg.Pool({ connectionString: databaseUrl, max: 2 })
  let stopped: Promise<void> | undefined
  const stopAuth = (): Promise<void> => (stopped ??= auth.stop())
  const stop = async (): Promise<void> => {
    await stopAuth()
    await bus.drain(500)
    await pool.end()
    await apple.stop()
    await nats.stop()
    await database.drop()
  }
  return {
    config: readEnvironment(authVariables, environment),
    apple,
    bus,
    database: pool,
    databaseName: database.name,
    logs,
    ask: (operation, payload, caller) =>
      request(bus, operation, { payload, timeoutMs: 5_000, ...(caller === undefined ? {} : { caller }) }),
    startAnother,
    stopAuth,
    stop,
  }
}

/** Nonce, identity token by that order, sign-in. */
export const signIn = async (under: AuthUnderTest, order: object = {}, caller?: Caller) => {
  const { nonce } = await under.ask(issueNonce, {})
  const token = await orderIdentityToken(under.apple.issuer, { sub: randomUUID(), nonce, ...order })
  return under.ask(signInWithApple, { identity_token: token, nonce }, caller)
}

/** Calls `listener` for every event on the subject; one that is told again, as events may be, counts once. */
export const listenFor = (under: AuthUnderTest, subject: string, listener: (event: unknown) => void): void => {
  const seen = new Set<string>()
  subscribe(under.bus, subject, message => {
    const text = message.text()
    if (!seen.has(text)) listener(JSON.parse(text))
    seen.add(text)
  })
}

/** What everybody is told of users, as it comes. */
export interface ToldOfUsers {
  readonly signedOut: UserSignedOut[]
  readonly deleted: UserDeleted[]
}

export const listenForUsers = (under: AuthUnderTest): ToldOfUsers => {
  const told: ToldOfUsers = { signedOut: [], deleted: [] }
  listenFor(under, userSignedOutSubjects, event => void told.signedOut.push(event as UserSignedOut))
  listenFor(under, userDeletedSubjects, event => void told.deleted.push(event as UserDeleted))
  return told
}

/** What a team has from Apple: as PEM. */
export const applePrivateKey = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({
  type: 'pkcs8',
  format: 'pem',
}) as string

/** With an authorization code, which auth exchanges for a grant. */
export const signInWithCode = async (
  under: AuthUnderTest,
  code: string = randomUUID(),
  sub: string = randomUUID(),
): Promise<Session> => {
  const { nonce } = await under.ask(issueNonce, {})
  const token = await orderIdentityToken(under.apple.issuer, { sub, nonce, claims: { aud: clientIds[1] } })
  return under.ask(signInWithApple, { identity_token: token, nonce, authorization_code: code })
}
