// `npm run bench -- verify`: what one look at an access token costs the gateway: a token seen before, a token never seen,
// and jose's bare `jwtVerify`. In one process, one after the other and 64 at once, beside a NATS and keys like auth's.
import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Bus, route, serve } from '@cairn/bus'
import { readDenials, readKeySet, type Denials, type PublicKey } from '@cairn/contracts'
import { provideNats } from '@cairn/local'
import { createLogger, readEnvironment } from '@cairn/runtime'
import { guardVariables, startTokenGuard, type TokenGuard } from '@cairn/tokens'
import { issuer, startBareJose } from '../libs/tokens/bench/bare-jwt-verify.ts'
import type { Bench, BenchContext, BenchResult } from './harness/bench.ts'
import { interleave, type Measured } from './harness/rounds.ts'
import { rounded } from './harness/statistics.ts'

interface Scale {
  readonly rounds: number
  readonly durationMs: number
  /** Tokens in use at the same time; the cache holds them all. */
  readonly seen: number
  /** Tokens that the guard without a cache goes through in turn. */
  readonly unseen: number
}
const scales: Record<'real' | 'smoke', Scale> = {
  real: { rounds: 5, durationMs: 1_500, seen: 10_000, unseen: 2_000 },
  smoke: { rounds: 2, durationMs: 100, seen: 100, unseen: 50 },
}
const atOnce = 64
/** A gateway in use has some. */
const endedSessions = 1_000
/** Design: a verifier that asks less than this of a cached token is not worth its cache. */
const wantedRatio = 20

type Verify = (token: string) => Promise<unknown>

/** Verifications a second, and CPU in microseconds of each; tokens are used in turn, `lanes` at a time. */
const measure = async (
  verify: Verify,
  tokens: readonly string[],
  { durationMs, lanes }: { durationMs: number; lanes: number },
): Promise<Measured> => {
  let next = 0
  const cpuBefore = process.cpuUsage()
  const startedAt = performance.now()
  let elapsedMs = 0
  while (elapsedMs < durationMs) {
    // The clock is read once for many, so that reading it is not what is measured.
    for (let turn = 0; turn < atOnce; turn += lanes) {
      const batch: Promise<unknown>[] = []
      for (let lane = 0; lane < lanes; lane += 1) batch.push(verify(tokens[next++ % tokens.length] ?? ''))
      await (lanes === 1 ? batch[0] : Promise.all(batch))
    }
    elapsedMs = performance.now() - startedAt
  }
  const { user, system } = process.cpuUsage(cpuBefore)
  return { perSecond: (next / elapsedMs) * 1_000, cpuUs: (user + system) / next }
}

const untilReady = async (guard: TokenGuard): Promise<void> => {
  while (!guard.ready) await sleep(10)
}

/** Auth as far as a verifier needs it. */
const serveKeys = (bus: Bus, publicKey: PublicKey) => {
  const session = (): Denials['sessions'][number] => ({
    session_id: randomUUID(),
    ended_at: new Date().toISOString(),
  })
  const denials = { sessions: Array.from({ length: endedSessions }, session), users: [], next_cursor: null }
  return serve(bus, {
    owner: 'auth',
    hashUser: userId => userId,
    handlerTimeoutMs: 2_000,
    routes: [route(readKeySet, async () => ({ keys: [publicKey] })), route(readDenials, async () => denials)],
  })
}

const resultOf = (medians: Record<string, Measured>, { rounds }: Scale): BenchResult => {
  const rate = (name: string): number => medians[name]?.['perSecond'] ?? Number.NaN
  const names = ['jwtVerify', 'jwtVerify64', 'unseen', 'unseen64', 'cached']
  const titles: Record<string, string> = {
    jwtVerify: 'jose.jwtVerify, one at a time',
    jwtVerify64: 'jose.jwtVerify, 64 at once',
    unseen: 'guard, token never seen, one at a time',
    unseen64: 'guard, token never seen, 64 at once',
    cached: 'guard, token seen before, one at a time',
  }
  const fastestBare = Math.max(rate('jwtVerify'), rate('jwtVerify64'))
  const cachedRatio = rate('cached') / fastestBare
  const rows = names.map(name => {
    const { perSecond = Number.NaN, cpuUs = Number.NaN } = medians[name] ?? {}
    return [titles[name] ?? name, perSecond, cpuUs, perSecond / rate('jwtVerify'), perSecond / fastestBare] as const
  })
  const columns = ['verifications/s', 'CPU µs each', 'of jwtVerify', 'of jwtVerify at its best']
  const figures = names.map(name => [
    name,
    { perSecond: rounded(rate(name)), cpuUs: rounded(medians[name]?.['cpuUs'] ?? Number.NaN) },
  ])
  return {
    tables: [{ title: `verify, medians of ${rounds} interleaved rounds`, columns, rows }],
    figures: { ...(Object.fromEntries(figures) as object), cachedRatio: rounded(cachedRatio), wantedRatio },
    bars: { cachedTwentyTimesBare: cachedRatio >= wantedRatio },
  }
}

const run = async ({ smoke, directory, say }: BenchContext): Promise<BenchResult> => {
  const scale = scales[smoke ? 'smoke' : 'real']
  const logger = createLogger({ service: 'bench', level: 'silent' })
  const nats = await provideNats({ directory: join(directory, 'verify'), env: {}, say })
  const bus = await Bus.connect({ url: nats.url, name: 'bench', logger })
  const jose = await startBareJose()
  const serving = serveKeys(bus, jose.publicKey)
  const config = readEnvironment(guardVariables, { ACCESS_TOKEN_ISSUER: issuer, ACCESS_TOKEN_AUDIENCE: issuer })
  const guardOf = (cachedTokens: number): Promise<TokenGuard> =>
    startTokenGuard({ bus, logger, config: { ...config, cachedTokens }, requestTimeoutMs: 2_000 })
  const [caching, forgetting] = [await guardOf(config.cachedTokens), await guardOf(1)]
  try {
    await Promise.all([untilReady(caching), untilReady(forgetting)])
    const tokens = await Promise.all(Array.from({ length: scale.seen }, () => jose.sign()))
    const unseen = tokens.slice(0, scale.unseen)
    for (const token of tokens) await caching.verify(token)
    const { durationMs, rounds } = scale
    const bare: Verify = token => jose.verify(token)
    const forgetful: Verify = token => forgetting.verify(token)
    const medians = await interleave(
      {
        jwtVerify: () => measure(bare, unseen, { durationMs, lanes: 1 }),
        jwtVerify64: () => measure(bare, unseen, { durationMs, lanes: atOnce }),
        unseen: () => measure(forgetful, unseen, { durationMs, lanes: 1 }),
        unseen64: () => measure(forgetful, unseen, { durationMs, lanes: atOnce }),
        cached: () => measure(token => caching.verify(token), tokens, { durationMs, lanes: 1 }),
      },
      rounds,
      done => say(`round ${done} of ${rounds}`),
    )
    return resultOf(medians, scale)
  } finally {
    caching.stop()
    forgetting.stop()
    await serving.stop()
    await bus.drain(500)
    await nats.stop()
  }
}

export const bench: Bench = { name: 'verify', run }
