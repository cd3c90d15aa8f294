// Who a request is for. Established by the access token at the edge and carried in headers the edge alone sets.
export interface Caller {
  readonly userId: string
  readonly sessionId: string
}
