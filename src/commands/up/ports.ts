import { freePort } from '#platform/data/postgres-server'
import { portOf } from '#platform/http/listen'
import { addressesIn, type Topology } from '#platform/host/topology'

/** Throws a sentence for each port that a process is to have and somebody else has; 0 for the public face is any. */
export async function refuseTakenPorts({ processes }: Topology, publicPort: number): Promise<void> {
  const wanted = Object.entries(processes).flatMap(([name, spec]) => [
    ...addressesIn(spec).map((url) => ({
      port: portOf(url),
      otherwise: `give ${name} another in the topology`,
    })),
    ...(spec.gateway && publicPort !== 0
      ? [{ port: publicPort, otherwise: 'choose another with PORT (0 picks a free one)' }]
      : []),
  ])
  const taken = await Promise.all(wanted.map(async ({ port }) => (await freePort(port)) !== port))
  const complaints = wanted
    .filter((_, index) => taken[index])
    .map(({ port, otherwise }) => `Port ${port} is taken. Stop what uses it, or ${otherwise}.`)
  if (complaints.length > 0) throw new Error(complaints.join('\n'))
}
