// Refreshing against a small model of the rule of design §4, written apart from the code: a phone, a thief with a copy, lost
// answers, calls at once, logging out, and time, in any order. Time moves by moving the session's times in the database.
import { logOut, refreshSession, sessionEndedSubjects, signInAsGuest, type SessionEnded } from '@cairn/contracts'
import { eventually } from '@cairn/testkit'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { listenFor, startAuthUnderTest, type AuthUnderTest } from './auth-under-test.ts'

const maxRepeats = 6
const graceSeconds = 30
const day = 86_400
const idleSeconds = 60 * day
const absoluteSeconds = 365 * day

let under: AuthUnderTest
const told: SessionEnded[] = []
beforeAll(async () => {
  under = await startAuthUnderTest({ AUTH_REFRESH_REPEATS: String(maxRepeats) })
  listenFor(under, sessionEndedSubjects, event => void told.push(event as SessionEnded))
})
afterAll(async () => {
  await under.stop()
})

type Outcome = { readonly token: number } | 'refused' | 'limited'

/** Tokens are numbered in the order in which they are made. */
class Model {
  now = 0
  made = 1
  current = 0
  previous: number | undefined
  rotatedAt = 0
  idleAt = 0
  repeats = 0
  ended: SessionEnded['reason'] | undefined

  refresh(token: number): Outcome {
    const expired = this.now >= absoluteSeconds || this.now - this.idleAt >= idleSeconds
    if (this.ended !== undefined || expired) return 'refused'
    if (token === this.current) {
      this.previous = token
      this.repeats = 0
      return this.#make()
    }
    if (token !== this.previous) {
      this.ended = 'reuse_detected'
      return 'refused'
    }
    if (this.repeats === maxRepeats) return 'limited'
    this.repeats += 1
    return this.now - this.rotatedAt <= graceSeconds ? { token: this.current } : this.#make()
  }

  logOut(): void {
    this.ended ??= 'logged_out'
  }

  #make(): Outcome {
    this.current = this.made++
    this.rotatedAt = this.now
    this.idleAt = this.now
    return { token: this.current }
  }
}

/** The real session beside the model. What the phone and the thief hold are numbers of tokens. */
class Session {
  readonly model = new Model()
  readonly id: string
  readonly #texts: string[]
  phone = 0
  thief = 0

  constructor(id: string, token: string) {
    this.id = id
    this.#texts = [token]
  }

  textOf(token: number): string {
    return this.#texts[token] ?? ''
  }

  /** A token that nobody has seen is the next one. */
  numberOf(text: string): number {
    const known = this.#texts.indexOf(text)
    return known < 0 ? this.#texts.push(text) - 1 : known
  }
}

const present = async (session: Session, token: number): Promise<string> => {
  const text = session.textOf(token)
  try {
    return (await under.ask(refreshSession, { refresh_token: text })).refresh_token
  } catch (error) {
    const { code } = error as { code: string }
    return code === 'token_invalid' ? 'refused' : code === 'rate_limited' ? 'limited' : `unexpected ${code}`
  }
}

const spell = (outcome: Outcome): string => (typeof outcome === 'string' ? outcome : `token ${outcome.token}`)

/** Presents the token so many times at once; resolves with the token that was got, if any. */
const refresh = async (session: Session, token: number, times: number): Promise<number | undefined> => {
  const expected = Array.from({ length: times }, () => session.model.refresh(token))
  const got = await Promise.all(expected.map(() => present(session, token)))
  const spelled = got.map(one => (/^(refused|limited|unexpected)/.test(one) ? one : `token ${session.numberOf(one)}`))
  expect(spelled.toSorted()).toEqual(expected.map(spell).toSorted())
  return expected.flatMap(one => (typeof one === 'string' ? [] : [one.token])).at(-1)
}

const pass = async (session: Session, seconds: number): Promise<void> => {
  session.model.now += seconds
  await under.database.query(
    `UPDATE auth.sessions SET rotated_at = rotated_at - make_interval(secs => $2),
      idle_expires_at = idle_expires_at - make_interval(secs => $2),
      absolute_expires_at = absolute_expires_at - make_interval(secs => $2) WHERE id = $1`,
    [session.id, seconds],
  )
}

type Step = (session: Session) => Promise<void>
const steps: Readonly<Record<string, Step>> = {
  refresh: async session => {
    session.phone = (await refresh(session, session.phone, 1)) ?? session.phone
  },
  'lose the answer': async session => {
    await refresh(session, session.phone, 1)
  },
  'refresh three times at once': async session => {
    session.phone = (await refresh(session, session.phone, 3)) ?? session.phone
  },
  'be copied': session => {
    session.thief = session.phone
    return Promise.resolve()
  },
  'be used by the thief': async session => {
    session.thief = (await refresh(session, session.thief, 1)) ?? session.thief
  },
  'log out': async session => {
    await under.ask(logOut, { refresh_token: session.textOf(session.phone) })
    session.model.logOut()
  },
  // Sums of these stay clear of the rule's borders, so that the time a test takes decides nothing.
  'wait 7 seconds': session => pass(session, 7),
  'wait 50 seconds': session => pass(session, 50),
  'wait 23 days': session => pass(session, 23 * day),
}

const weighted = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom('refresh', 'lose the answer', 'wait 7 seconds', 'wait 50 seconds') },
  { weight: 3, arbitrary: fc.constantFrom('refresh three times at once', 'be copied', 'be used by the thief') },
  { weight: 1, arbitrary: fc.constantFrom('wait 23 days', 'log out') },
)

const play = async (names: readonly string[]): Promise<void> => {
  const { session_id: id, refresh_token: token } = await under.ask(signInAsGuest, {})
  const session = new Session(id, token)
  for (const name of names) await steps[name]?.(session)
  const { ended } = session.model
  const { rows } = await under.database.query<{ reason: string | null }>(
    'SELECT end_reason AS reason FROM auth.sessions WHERE id = $1',
    [id],
  )
  expect(rows[0]?.reason ?? undefined).toBe(ended)
  const events = (): string[] => told.filter(one => one.session_id === id).map(one => one.reason)
  await eventually(() => expect(events()).toEqual(ended === undefined ? [] : [ended]), 2_000)
}

it('answers as the model does, whatever happens in whatever order', async () => {
  const stories = fc.array(weighted, { minLength: 1, maxLength: 30 })
  await fc.assert(fc.asyncProperty(stories, play), {
    numRuns: 150,
    examples: [
      [['refresh', 'lose the answer', 'wait 23 days', 'refresh', 'refresh']],
      [['be copied', 'refresh', 'be used by the thief', 'refresh', 'be used by the thief']],
      [[...Array.from({ length: 17 }, () => 'wait 23 days'), 'refresh']],
      [Array.from({ length: 17 }, () => ['wait 23 days', 'refresh']).flat()],
      [Array.from({ length: 10 }, () => 'lose the answer')],
    ],
  })
}, 120_000)
