import type { Topic } from '../topics.ts'
import { keyOf, type Tag, tagOf, tags } from './tags.ts'

const GAP = 'gap'

/** The channel of a topic. */
export function channelOf(topic: Topic): string {
  return keyOf(tagOf(topic), topic)
}

/** The channel on which publishers tell that messages of a tag may be lost: the text of a number of milliseconds. */
export function gapChannel(tag: Tag): string {
  return keyOf(tag, GAP)
}

/** The topic of a channel that `channelOf` made, or null for the channel of gaps. */
export function topicOf(channel: string): Topic | null {
  const name = channel.slice(channel.indexOf('}:') + 2)
  return name === GAP ? null : (name as Topic)
}

/** The tag of a channel that `gapChannel` made. */
export function gapTagOf(channel: string): Tag {
  return tags.find(tag => gapChannel(tag) === channel) ?? 0
}
