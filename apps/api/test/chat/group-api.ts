import type { Test } from 'tap'
import { type Person, startApi, type TestApi } from '../app.ts'
import { recordingBus } from '../recording.ts'

/** The path of conversations. */
export const PATH = '/api/v1/conversations/'

/** A group of Ann, its owner, and of Bob and Carl. */
export interface Group {
  readonly ann: Person
  readonly bob: Person
  readonly carl: Person
  readonly id: number
  readonly url: string
}

/** The topics, header and parsed frames of one envelope. */
type Published = ReturnType<ReturnType<typeof recordingBus>['take']>[number]

/** A node with groups, and the envelopes that it published. */
export interface GroupApi {
  readonly api: TestApi
  /** Ann's group, with Bob and Carl in it. */
  group(settings?: object): Promise<Group>
  /** The envelopes of conversations that were published since the last call. */
  published(): Promise<Published[]>
}

/** Starts a node that stops with the test. */
export async function startGroupApi(t: Test): Promise<GroupApi> {
  const record = recordingBus()
  const api = await startApi(t, { ports: () => ({ bus: record.bus }) })

  async function group(settings: object = {}): Promise<Group> {
    const [ann, bob, carl] = [await api.join(), await api.join(), await api.join()]
    const { body, status } = await ann.ask('POST', PATH, {
      participants: [bob.id, carl.id],
      title: 'Climbing',
      ...settings
    })
    if (status !== 201) throw new Error(JSON.stringify(body))
    await published()
    return { ann, bob, carl, id: body.id, url: `${PATH}${body.id}/` }
  }

  async function published() {
    await api.services.announcer.settle()
    return record.take().filter(({ header }) => !('stream' in header && header.stream.startsWith('user:')))
  }

  return { api, group, published }
}
