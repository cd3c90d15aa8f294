// Guests to post events as, signed in through the front door a few at a time.
import { HttpConnection } from '../harness/http-connection.ts'

const atOnce = 8
const head = 'POST /api/v1/auth/guest HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n'

export interface Guest {
  readonly token: string
  readonly userId: string
}

export const signInGuests = async (gatewayUrl: string, count: number): Promise<Guest[]> => {
  const guests: Guest[] = []
  let asked = 0
  const work = async (): Promise<void> => {
    const connection = await HttpConnection.open(gatewayUrl)
    while (asked < count) {
      asked += 1
      const { status, body } = await connection.post(head, '{}')
      if (status !== 200) throw new Error(`a guest was answered ${status}: ${body}`)
      const session = JSON.parse(body) as { access_token: string; user: { id: string } }
      guests.push({ token: session.access_token, userId: session.user.id })
    }
    connection.close()
  }
  await Promise.all(Array.from({ length: atOnce }, work))
  return guests
}
