// Whose request id is believed. Used as ours, a stranger's would let strangers mix up incidents: it is only noted. A trusted proxy's is ours.
import type { IncomingHttpHeaders } from 'node:http'
import { header, isRequestId } from '@cairn/contracts'
import { newRequestId } from '@cairn/runtime'
import type { ClientAddress } from './client-address.ts'

export interface RequestIds {
  readonly requestId: string
  /** What a stranger calls it; for the log. */
  readonly clientRequestId: string | undefined
}

/** Anything that is not one well-formed id counts as none. */
export const readRequestIds = (
  headers: IncomingHttpHeaders,
  { throughProxy }: Pick<ClientAddress, 'throughProxy'>,
): RequestIds => {
  const value = headers[header.requestId]
  const given = isRequestId(value) ? value : undefined
  if (throughProxy) return { requestId: given ?? newRequestId(), clientRequestId: undefined }
  return { requestId: newRequestId(), clientRequestId: given }
}
