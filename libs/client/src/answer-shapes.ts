// Tells what the server gives from what something in between gives in its place. Looked at is what this client relies on:
// a newer server may say more.
import type { ChangesPage, Head, Session } from '@cairn/contracts'

export const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null
const isText = (value: unknown): boolean => typeof value === 'string' && value !== ''

export const isSession = (answer: unknown): answer is Session =>
  isObject(answer) &&
  isText(answer.access_token) &&
  isText(answer.refresh_token) &&
  typeof answer.expires_in === 'number' &&
  answer.expires_in > 0 &&
  isObject(answer.user) &&
  isText(answer.user.id)

export const isHead = (data: unknown): data is Head =>
  isObject(data) && isText(data.epoch) && Number.isSafeInteger(data.seq)

export const isChangesPage = (data: unknown): data is ChangesPage =>
  isObject(data) &&
  isText(data.epoch) &&
  Number.isSafeInteger(data.from_seq) &&
  Number.isSafeInteger(data.to_seq) &&
  [data.events, data.items, data.tracks].every(Array.isArray) &&
  isObject(data.totals) &&
  isObject(data.streak)
