// Signed answers as a client verifies them: spec/request-envelope.md, "Signed answer".

import { answerEncodingVectors } from './answer-encoding.ts'
import { answerParameterVectors } from './answer-parameters.ts'
import { answerVector, notes, serverKeys, settings } from './answer-recipe.ts'
import { answerResponseVectors } from './answer-response.ts'
import type { VectorFile } from './vector.ts'

/** `answer-jws.json` */
export async function makeAnswerFile(): Promise<VectorFile> {
  const comment = 'The example of spec/request-envelope.md'
  const example = answerVector('example', comment, ['example'], ['7515#section-5.1', '8037#appendix-A.1'], 'valid')
  const groups = [answerResponseVectors(), answerEncodingVectors(), answerParameterVectors()]
  return {
    kind: 'answer-jws',
    description:
      'Verify `response`, which arrived with `Answer-JWS: answer` as the response to a request with `method` and the envelope ' +
      '`envelope`. `keys` of `server` is the key set that the client has; fetching it again brings no others. `fields` are the ' +
      'lines of the response, `content` its content in base64url, absent for none.',
    notes,
    settings,
    server: { keys: serverKeys },
    vectors: [await example, ...(await Promise.all(groups)).flat()],
  }
}
