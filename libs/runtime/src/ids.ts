// Ids made at the edge: one for every request, one more for every failure on our side.
import { ulid } from 'ulid'
import { randomBase64Url } from './random-text.ts'

/** 128 random bits as 22 base64url characters. */
export const newRequestId = (): string => randomBase64Url(16)

/** `inc_` and a ULID: it sorts by time, so tools can bound their search. */
export const newIncidentId = (): string => `inc_${ulid()}`
