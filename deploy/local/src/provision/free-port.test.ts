import { expect, it } from 'vitest'
import { freePort, whyPortIsTaken } from './free-port.ts'

it('is a port that is free, and never a reserved one', async () => {
  const port = await freePort()
  expect(await whyPortIsTaken(port)).toBeUndefined()
  const all = new Set(Array.from({ length: 65_536 }, (_, index) => index))
  await expect(freePort(all)).rejects.toThrow('no free port')
})
