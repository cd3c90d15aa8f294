// What an owner may answer to a sign-in, where it does not matter what.
import { randomUUID } from 'node:crypto'
import type { Session } from '@cairn/contracts'

export const session: Session = {
  access_token: 'a',
  token_type: 'Bearer',
  expires_in: 600,
  refresh_token: 'r',
  refresh_expires_at: '2027-01-01T00:00:00.000Z',
  session_id: randomUUID(),
  user: {
    id: randomUUID(),
    is_guest: true,
    display_name: null,
    email: null,
    created_at: '2026-01-01T00:00:00.000Z',
  },
  created: false,
}
