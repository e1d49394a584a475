/** Calls per second with 64 under way, after a warm-up. */
export async function perSecond(call, seconds) {
  const load = async (length) => {
    const begun = performance.now()
    let calls = 0
    const caller = async () => {
      while (performance.now() - begun < length * 1000) {
        await call()
        calls += 1
      }
    }
    await Promise.all(Array.from({ length: 64 }, caller))
    return calls / ((performance.now() - begun) / 1000)
  }
  await load(2)
  return load(seconds)
}
