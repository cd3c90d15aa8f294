// The health check of an image, without a shell: is the process ready? The URL is another one for the local Apple issuer.
const url = process.env['HEALTH_URL'] ?? 'http://127.0.0.1:9100/readyz'
const answered = await fetch(url, { signal: AbortSignal.timeout(2_000) }).then(
  response => response.ok,
  () => false,
)
process.exitCode = answered ? 0 : 1
