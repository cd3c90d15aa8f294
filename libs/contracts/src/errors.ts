// The closed catalogue of error codes: what each means, its HTTP status, and whether trying again can help.
// docs/errors.md lists the same codes; a test compares the two. Codes are never renamed once released.

/** `status`: HTTP status. `retryable`: the same request may succeed later. `title`: RFC 9457 `title`, the same for every occurrence. */
export interface ErrorKind {
  readonly status: number
  readonly retryable: boolean
  readonly title: string
}

const kind = (status: number, retryable: boolean, title: string): ErrorKind => ({ status, retryable, title })

export const errorKinds = {
  invalid_request: kind(400, false, 'The request is not valid'),
  token_expired: kind(401, false, 'The token has expired'),
  token_invalid: kind(401, false, 'The token is not valid'),
  forbidden: kind(403, false, 'Not allowed'),
  not_found: kind(404, false, 'Not found'),
  request_timeout: kind(408, true, 'The request took too long to arrive'),
  identity_taken: kind(409, false, 'This Apple identity belongs to another account'),
  resync_required: kind(409, false, 'The client has to start again from a snapshot'),
  payload_too_large: kind(413, false, 'The request body is too large'),
  unsupported_media_type: kind(415, false, 'The request body must be JSON'),
  rate_limited: kind(429, true, 'Too many requests'),
  headers_too_large: kind(431, false, 'The request head is too large'),
  internal: kind(500, false, 'Something went wrong on our side'),
  unavailable: kind(503, true, 'A part of the service is not available'),
} as const satisfies Record<string, ErrorKind>

export type ErrorCode = keyof typeof errorKinds

/** One fault of one field. `path` is a JSON pointer to it, in the body or among the parameters: no name is in both. */
export interface FieldError {
  readonly path: string
  readonly message: string
}

export interface ErrorOptions {
  /** Public sentence about this occurrence; never holds a secret or an internal name. */
  readonly detail?: string
  readonly errors?: readonly FieldError[]
  /** Whole seconds after which trying again makes sense. */
  readonly retryAfterSeconds?: number
  /** Names of the limits that were reached, on `rate_limited`. */
  readonly violatedPolicies?: readonly string[]
  /** Kept for the log, never sent out. */
  readonly cause?: unknown
  /** Of the failure as the owner saw it that this one passes on. */
  readonly fingerprint?: string
}

/** The one error class that may cross a border. Everything else becomes `internal` there, logged once with its cause. */
export class CairnError extends Error {
  readonly code: ErrorCode
  readonly detail: string | undefined
  readonly errors: readonly FieldError[] | undefined
  readonly retryAfterSeconds: number | undefined
  readonly violatedPolicies: readonly string[] | undefined
  readonly fingerprint: string | undefined

  constructor(code: ErrorCode, options: ErrorOptions = {}) {
    super(options.detail ?? errorKinds[code].title, options.cause === undefined ? undefined : { cause: options.cause })
    this.name = 'CairnError'
    this.code = code
    this.detail = options.detail
    this.errors = options.errors
    this.retryAfterSeconds = options.retryAfterSeconds ?? (code === 'unavailable' ? 1 : undefined)
    this.violatedPolicies = options.violatedPolicies
    this.fingerprint = options.fingerprint
  }
}

export const isErrorCode = (value: unknown): value is ErrorCode =>
  typeof value === 'string' && Object.hasOwn(errorKinds, value)

/** Gives back a CairnError as it is and wraps anything else as `internal`, the original as its cause. */
export const toCairnError = (error: unknown): CairnError =>
  error instanceof CairnError ? error : new CairnError('internal', { cause: error })
