// Headers that every answer has. Nothing here is a page, so a browser that is led to one may do nothing with it at all; a page
// needs a policy of its own.

export const securityHeaders = {
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  // Browsers heed it over TLS alone; a year.
  'strict-transport-security': 'max-age=31536000',
  'x-content-type-options': 'nosniff',
} as const
