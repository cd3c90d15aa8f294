// Ids made at the edge: one for every request, one more for every failure on our side.
import { randomBytes } from 'node:crypto'
import { ulid } from 'ulid'

/** 128 random bits as 22 base64url characters. */
export const newRequestId = (): string => randomBytes(16).toString('base64url')

/** `inc_` and a ULID: it sorts by time, so tools can bound their search. */
export const newIncidentId = (): string => `inc_${ulid()}`
