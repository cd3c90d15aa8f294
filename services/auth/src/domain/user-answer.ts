// A user as the outside sees it.
import type { User } from '@cairn/contracts'

export interface StoredUser {
  readonly id: string
  readonly is_guest: boolean
  readonly display_name: string | null
  readonly email: string | null
  readonly created_at: Date
}

export const userAnswer = ({ id, is_guest, display_name, email, created_at }: StoredUser): User => ({
  id,
  is_guest,
  display_name,
  email,
  created_at: created_at.toISOString(),
})
