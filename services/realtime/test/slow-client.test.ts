// A client that stops reading costs the node at most 2 MB and 10 s, with the limits as they come. The node runs in this
// process, so that its memory can be weighed after a collection of garbage.
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { setImmediate } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { eventually } from '@cairn/testkit'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { startScene, type Scene } from './scene.ts'
import type { Person } from './stand-ins.ts'

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void

const mostBytes = 2 * 1_024 * 1_024
const mostMs = 10_000
/** Of one connection, when both its ends have grown as far as the kernel lets them; where it does not say, as on most machines. */
const kernelBytes = ['tcp_rmem', 'tcp_wmem'].reduce((sum, name) => {
  const file = `/proc/sys/net/ipv4/${name}`
  return sum + (existsSync(file) ? Number(readFileSync(file, 'utf8').split(/\s+/)[2]) : 6_291_456)
}, 0)
/** More than kernel buffers take, so that the node would have to keep it. */
const floodBytes = kernelBytes + 10_000_000

let scene: Scene

beforeAll(async () => {
  scene = await startScene()
})
afterAll(() => scene.stop())

/** Buffers go after the objects that held them, in a collection of their own. */
const weigh = async (): Promise<number> => {
  for (let collection = 0; collection < 4; collection += 1) {
    collectGarbage()
    await setImmediate()
  }
  const { heapUsed, external, arrayBuffers } = process.memoryUsage()
  return heapUsed + external + arrayBuffers
}

const flood = async ({ userId }: Person): Promise<void> => {
  for (let sent = 0; sent < floodBytes;) {
    const page = scene.others.commit(userId, 500)
    scene.others.publish(userId, page)
    sent += JSON.stringify(page).length
    await scene.others.bus.nats.flush()
  }
}

const open = {
  'plain WebSocket': async ({ userId, token }: Person) => {
    const webSocket = new WebSocket(`${scene.node.url}/ws/user/${userId}?token=${token}`)
    await once(webSocket, 'message')
    return webSocket
  },
  'socket.io': async ({ userId, token }: Person) => {
    const webSocket = new WebSocket(`${scene.node.url}/socket.io/?EIO=4&transport=websocket`)
    await once(webSocket, 'message')
    webSocket.send(`40/ws/user/${userId},${JSON.stringify({ token })}`)
    await once(webSocket, 'message')
    return webSocket
  },
}

it.each(['plain WebSocket', 'socket.io'] as const)('is bounded over %s', { timeout: 40_000 }, async door => {
  const person = await scene.others.signIn()
  const closings = (): number => scene.logs.lines.filter(line => line.includes('"code":4008')).length
  const before = closings()
  const webSocket = await open[door](person)
  // What the flood itself leaves in buffers and rings of this process is there already when it is weighed.
  await flood(person)
  await eventually(() => expect(webSocket.bufferedAmount).toBe(0))
  const lightly = await weigh()
  webSocket.pause()
  const pausedAt = performance.now()
  await flood(person)
  const cost = (await weigh()) - lightly
  expect(closings()).toBe(before)
  expect(cost).toBeLessThan(mostBytes)
  await eventually(() => expect(closings()).toBe(before + 1), mostMs)
  const gone = once(webSocket, 'close')
  // Reading on shows the end of the connection, which the node has cut already.
  const endedMs = performance.now() - pausedAt
  webSocket.resume()
  await gone
  expect(endedMs).toBeLessThan(mostMs)
  webSocket.terminate()
})
