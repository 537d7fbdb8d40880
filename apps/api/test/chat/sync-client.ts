import type { SyncAnswer } from '@rendezvous/contract'
import type { Person, TestApi } from '../app.ts'

/** The path of sync. */
export const PATH = '/api/v1/sync/'
/** The path of conversations. */
export const CONVERSATIONS = '/api/v1/conversations/'

/** The name of a conversation's stream. */
export const streamOf = (id: number) => `conversation:${id}`

/** The answer of sync to `person`. */
export async function sync(person: Person, body: object): Promise<SyncAnswer> {
  const { status, text } = await person.ask('POST', PATH, body)
  if (status !== 200) throw new Error(text)
  return JSON.parse(text)
}

/** A group of Ann with Bob, in which Ann sent a message. */
export async function openGroup(api: TestApi) {
  const [ann, bob] = [await api.join(), await api.join()]
  const { body } = await ann.ask('POST', CONVERSATIONS, { participants: [bob.id], is_group: true, title: 'Climbing' })
  const url = `${CONVERSATIONS}${body.id}/`
  const sent = await ann.ask('POST', `${url}messages/`, { content: 'hello' })
  return { ann, bob, id: body.id, url, stream: streamOf(body.id), first: sent.body }
}
