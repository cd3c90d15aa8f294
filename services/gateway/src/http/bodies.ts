// Bodies while they arrive and until their request is answered: how many may arrive at once, and how many bytes of them are held. A
// client may take its time with a body, and nobody else's requests wait for that.
import type { IncomingMessage } from 'node:http'
import { CairnError } from '@cairn/contracts'
import { errorCodes, type FastifyRequest } from 'fastify'
import type { GatewayConfig } from '../config.ts'
import type { RequestsUnderWay } from './requests-under-way.ts'
import { Shares } from './shares.ts'

/** What a piece of a body takes beside its bytes: sent in pieces of one byte, a body would otherwise take a hundred times what is counted. */
const pieceBytes = 256

type BoundsOfBodies = Pick<
  GatewayConfig,
  | 'maxBodyBytes'
  | 'maxInFlight'
  | 'maxReceiving'
  | 'maxReceivingPerAddress'
  | 'maxHeldBodyBytes'
  | 'maxHeldBodyBytesPerAddress'
>

const refusalOf = (bound: 'total' | 'address' | undefined): CairnError | undefined => {
  if (bound === undefined) return undefined
  if (bound === 'total') return new CairnError('unavailable', { detail: 'Too much is being sent at once; try again.' })
  const detail = 'Too much is being sent at once from this address.'
  return new CairnError('rate_limited', { detail, retryAfterSeconds: 1, violatedPolicies: ['bodies'] })
}

type Done = (error: Error | null, body?: Buffer) => void

const tooLarge = (): Error => new errorCodes.FST_ERR_CTP_BODY_TOO_LARGE()

/**
 * The client went away, took too long or sent what is no HTTP: nobody's failure here, and nobody reads this answer. Fastify's own error,
 * so that it counts like any body that cannot be read.
 */
const incomplete = (): Error => new errorCodes.FST_ERR_CTP_INVALID_CONTENT_LENGTH()

export class Bodies {
  readonly #bounds: BoundsOfBodies
  readonly #underWay: RequestsUnderWay
  readonly #arriving: Shares
  readonly #bytes: Shares

  constructor(underWay: RequestsUnderWay, bounds: BoundsOfBodies) {
    this.#underWay = underWay
    this.#bounds = bounds
    this.#arriving = new Shares({ most: bounds.maxReceiving, mostPerAddress: bounds.maxReceivingPerAddress })
    this.#bytes = new Shares({ most: bounds.maxHeldBodyBytes, mostPerAddress: bounds.maxHeldBodyBytesPerAddress })
  }

  /** Reads the whole body; `done` is called once. What an error leaves of it is read and dropped. */
  receive({ raw, client: { key } }: Pick<FastifyRequest, 'raw' | 'client'>, done: Done): void {
    if (Number(raw.headers['content-length']) > this.#bounds.maxBodyBytes) {
      done(tooLarge())
      return
    }
    const refusal = refusalOf(this.#arriving.take(key, 1))
    if (refusal === undefined) this.#read(raw, key, done)
    else done(refusal)
  }

  #read(request: IncomingMessage, key: string, done: Done): void {
    const pieces: Buffer[] = []
    let bytes = 0
    let held = 0
    let isSettled = false
    const settle = (error: Error | null): void => {
      if (isSettled) return
      isSettled = true
      request.off('data', take)
      this.#arriving.giveBack(key, 1)
      const fault = error ?? this.#goOn(request)
      if (fault === undefined) done(null, Buffer.concat(pieces, bytes))
      else done(fault)
    }
    const gone = (): void => {
      // An error costs more than reading a small body.
      if (!isSettled) settle(incomplete())
    }
    const take = (piece: Buffer): void => {
      bytes += piece.length
      const cost = piece.length + pieceBytes
      const tooMuch = bytes > this.#bounds.maxBodyBytes ? tooLarge() : refusalOf(this.#bytes.take(key, cost))
      if (tooMuch !== undefined) {
        settle(tooMuch)
        return
      }
      held += cost
      pieces.push(piece)
    }
    const isUnderWay = this.#underWay.receiving(request, () => {
      gone()
      // Not before it is answered: until then it is held, as it is or as what was read from it.
      this.#bytes.giveBack(key, held)
    })
    if (!isUnderWay || request.destroyed) {
      gone()
      return
    }
    request
      .on('data', take)
      .on('end', () => settle(null))
      .on('error', gone)
      .on('close', gone)
  }

  /** From here on it is worked on, if there is room. */
  #goOn(request: IncomingMessage): CairnError | undefined {
    this.#underWay.received(request)
    return this.#underWay.inFlight <= this.#bounds.maxInFlight
      ? undefined
      : new CairnError('unavailable', { detail: 'Too many requests at once; try again.' })
  }
}
