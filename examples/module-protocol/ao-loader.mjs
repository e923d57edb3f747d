// The function that test-suites for the ao loader begin with, evaluated by a backend of the module protocol:
//
//   const handle = await AoLoader(binary, options)
//   const { Memory, Output, Error } = await handle(memory, msg, env)
//
// The backend is `aosim module`, or the command in AO_MODULE_BACKEND.

import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { createInterface } from 'node:readline'

let backend // one for the whole program, started when it is first needed

function start () {
  const command = process.env.AO_MODULE_BACKEND ?? 'aosim module'
  const child = spawn(command, { shell: true, stdio: ['pipe', 'pipe', 'inherit'] })
  const waiting = [] // answers come in the order of the requests
  // A backend with nothing to do does not keep the program alive.
  const hold = held => [child, child.stdin, child.stdout].forEach(part => held ? part.ref?.() : part.unref?.())
  const end = problem => {
    backend = undefined
    waiting.splice(0).forEach(({ reject }) => reject(new Error(`the backend ${problem}: ${command}`)))
  }
  child.on('error', error => end(`could not be started (${error.message})`))
  child.on('exit', () => end('has ended'))
  child.stdin.on('error', () => {}) // its end is told by 'exit'
  createInterface({ input: child.stdout, crlfDelay: Infinity }).on('line', line => {
    waiting.shift().resolve(JSON.parse(line))
    if (waiting.length === 0) hold(false)
  })
  let requests = 0
  return {
    ask: request => new Promise((resolve, reject) => {
      hold(true)
      waiting.push({ resolve, reject })
      child.stdin.write(JSON.stringify({ id: ++requests, ...request }) + '\n')
    })
  }
}

async function ask (request) {
  backend ??= start()
  const answer = await backend.ask(request)
  if (answer.ok) return answer
  const { kind, message, value } = answer.error
  if (kind === 'module') throw value // as it is: suites compare it
  throw new Error(kind === 'gas' ? 'out of gas!' : `${kind}: ${message}`)
}

// A memory is bytes that name a state of the backend, so it can be copied, sliced and compared.
const toMemory = name => new TextEncoder().encode(name)

function toName (memory) {
  if (memory instanceof ArrayBuffer) memory = new Uint8Array(memory)
  return ArrayBuffer.isView(memory) ? new TextDecoder().decode(memory) : null
}

export default async function AoLoader (binary, { module, files, ...options } = {}) {
  const bytes = binary instanceof ArrayBuffer ? new Uint8Array(binary) : binary
  const hashed = ArrayBuffer.isView(bytes)
    ? { sha256: createHash('sha256').update(bytes).digest('hex'), size: bytes.byteLength, format: options.format }
    : {}
  const { instance } = await ask({ op: 'open', module: { ...hashed, ...module }, options: { ...options, files } })

  return async function handle (memory, msg, env) {
    const answer = await ask({ op: 'handle', instance, memory: toName(memory), msg, env })
    const { Error, Output, Messages, Spawns, Assignments, Patches } = answer.result ?? {}
    return {
      Memory: toMemory(answer.memory),
      Error,
      Output,
      Messages,
      Spawns,
      Assignments,
      Patches: Patches ?? [],
      GasUsed: answer.gas ?? 0
    }
  }
}
