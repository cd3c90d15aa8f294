// Phones that refresh: each worker has sessions of its own, picks one at random and keeps its newest token, so no two
// requests are ever about one session at once.
import type { RefreshToken } from '../../services/auth/src/crypto/refresh-token.ts'
import type { KnownSession } from './known-sessions.ts'

export interface Phones<Token> {
  /** Uses a token of one of the worker's sessions and remembers what it became. */
  refresh(worker: number, use: (token: Token) => Promise<Token>): Promise<void>
}

export interface PhonesOptions<Token> {
  readonly count: number
  readonly workers: number
  readonly sessionOf: (number: number) => KnownSession
  readonly first: (token: RefreshToken) => Token
}

export const phonesOf = <Token>({ count, workers, sessionOf, first }: PhonesOptions<Token>): Phones<Token> => {
  const newest = new Map<number, Token>()
  const ownEach = Math.floor(count / workers)
  return {
    refresh: async (worker, use) => {
      const number = Math.floor(Math.random() * ownEach) * workers + worker
      const token = newest.get(number) ?? first(sessionOf(number).token)
      newest.set(number, await use(token))
    },
  }
}
