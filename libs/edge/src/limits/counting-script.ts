// What Redis runs for every limit: counts each key, and says how much it has now and for how many milliseconds.

/**
 * A window begins with the first that is counted. With a bound (`most`), points count only when they fit, and are told as if they
 * did. Points below zero are given back, while no more milliseconds than `most` are left of the window: more are left of the next.
 */
export const countingScript = `
local counted = {}
for i = 1, #KEYS do
  local points, seconds, most = ARGV[3 * i - 2], ARGV[3 * i - 1], tonumber(ARGV[3 * i])
  if tonumber(points) < 0 then
    local has, left = tonumber(redis.call('get', KEYS[i]) or 0) + tonumber(points), redis.call('pttl', KEYS[i])
    if has >= 0 and left >= 0 and left <= most then redis.call('incrby', KEYS[i], points) end
    counted[2 * i - 1] = has
  elseif most == nil then
    counted[2 * i - 1] = redis.call('incrby', KEYS[i], points)
  else
    local has = tonumber(redis.call('get', KEYS[i]) or 0) + tonumber(points)
    if points ~= '0' and has <= most then redis.call('incrby', KEYS[i], points) end
    counted[2 * i - 1] = has
  end
  local left = redis.call('pttl', KEYS[i])
  if left < 0 then
    redis.call('expire', KEYS[i], seconds)
    left = 1000 * seconds
  end
  counted[2 * i] = left
end
return counted`

export interface WithScript {
  countAll(keys: number, ...keysAndArguments: readonly string[]): Promise<readonly number[]>
}

/** What the script is told of one key, in its order. */
export interface Count {
  readonly key: string
  readonly points: string
  /** Of the window. */
  readonly seconds: string
  /** Empty for no bound; of what is given back, the milliseconds that are left of its window. */
  readonly most: string
}

/** How much the key has now, and for how many milliseconds. */
export type Counted = readonly [has: number, leftMs: number]
