// How a CairnError travels in a reply: its code in a header, the public rest as payload. Causes stay where they happened.
import { headers as createHeaders, type Msg } from '@nats-io/nats-core'
import { header, type CairnError, type FieldError } from '@cairn/contracts'
import { utf8 } from './bus-headers.ts'

export interface BusFailure {
  readonly detail?: string
  readonly errors?: readonly FieldError[]
  readonly retry_after?: number
}

export const respondWithFailure = (message: Msg, error: CairnError, fingerprint?: string): void => {
  const headers = createHeaders()
  headers.set(header.errorCode, error.code)
  if (fingerprint !== undefined) headers.set(header.fingerprint, fingerprint)
  const failure: BusFailure = {
    ...(error.detail === undefined ? {} : { detail: error.detail }),
    ...(error.errors === undefined ? {} : { errors: error.errors }),
    ...(error.retryAfterSeconds === undefined ? {} : { retry_after: error.retryAfterSeconds }),
  }
  message.respond(utf8(JSON.stringify(failure)), { headers })
}
