// Which web pages may open a socket. Apps send no Origin, or (React Native) that of the server itself.

export interface OriginHeaders {
  readonly origin: string | undefined
  readonly host: string | undefined
}

/** `allowed` are origins such as `https://app.example.com`, compared as they are written. */
export const isAllowedOrigin = ({ origin, host }: OriginHeaders, allowed: readonly string[]): boolean => {
  if (origin === undefined || allowed.includes(origin)) return true
  const url = URL.parse(origin)
  return url !== null && url.host !== '' && url.host === host
}
