// A suite as they are written for the ao loader; here the loader is the one beside this file.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import AoLoader from './ao-loader.mjs'

const env = {
  Process: { Id: 'AOS', Owner: 'FOOBAR', Tags: [{ name: 'Name', value: 'Thomas' }] },
  Module: { Id: 'M', Owner: 'FOOBAR', Tags: [] }
}
const message = (fields, ...tags) => ({
  Target: 'AOS', From: 'FOOBAR', Owner: 'FOOBAR', 'Block-Height': '1000', Id: '1234', Module: 'M', Tags: tags, ...fields
})
const tag = (name, value) => ({ name, value })
const evaluate = code => message({ Data: code }, tag('Action', 'Eval'))
const wasm = new Uint8Array([0, 97, 115, 109]) // a suite reads its module from a file

async function booted (options) {
  const handle = await AoLoader(wasm, { format: 'wasm64-unknown-emscripten-draft_2024_02_15', ...options })
  const { Memory } = await handle(null, message({ Id: 'AOS' }, tag('Name', 'Thomas')), env)
  return { handle, Memory }
}

test('a counter counts, and an older memory goes back in time', async () => {
  const { handle, Memory } = await booted()
  const count = evaluate('Count = (Count or 0) + 1 return Count')
  const once = await handle(Memory, count, env)
  const twice = await handle(once.Memory, count, env)
  assert.equal(once.Output.data, '1')
  assert.equal(twice.Output.data, '2')
  assert.equal((await handle(once.Memory, count, env)).Output.data, '2')
  assert.equal((await handle(Memory, count, env)).Output.data, '1')
})

test('a handler that waits goes on in each branch', async () => {
  const { handle, Memory } = await booted()
  const asked = await handle(Memory, evaluate('local m = Receive({ Action = "Answer" }) Got = m.Data'), env)
  for (const answer of ['yes', 'no']) {
    const answered = await handle(asked.Memory, message({ Data: answer }, tag('Action', 'Answer')), env)
    assert.equal((await handle(answered.Memory, evaluate('return Got'), env)).Output.data, answer)
  }
})

test('a memory is bytes that can be copied', async () => {
  const { handle, Memory } = await booted()
  assert.ok(Memory instanceof Uint8Array)
  const copy = Buffer.from(Memory)
  assert.equal((await handle(copy, evaluate('return 6 * 7'), env)).Output.data, '42')
  assert.equal((await handle(Memory.slice().buffer, evaluate('return 6 * 7'), env)).Output.data, '42')
})

test('all keys of a result are there, and an error is a result', async () => {
  const { handle, Memory } = await booted()
  const failed = await handle(Memory, evaluate('error("no")'), env)
  assert.match(failed.Error, /no/)
  assert.deepEqual(Object.keys(failed), [
    'Memory', 'Error', 'Output', 'Messages', 'Spawns', 'Assignments', 'Patches', 'GasUsed'
  ])
})

test('what a module throws is thrown as it is', async () => {
  const lua = 'return { handle = function(msg, ao) error({ code = msg.Code }) end }'
  const handle = await AoLoader(() => {}, { module: { name: 'lua', lua } })
  await assert.rejects(handle(null, message({ Code: 7 }), env), thrown => thrown.code === 7)
})

test('calls need not wait for each other', async () => {
  const { handle, Memory } = await booted()
  const results = await Promise.all([1, 2, 3].map(n => handle(Memory, evaluate(`return ${n}`), env)))
  assert.deepEqual(results.map(result => result.Output.data), ['1', '2', '3'])
})

test('a failing backend is told', async () => {
  const { handle } = await booted()
  await assert.rejects(handle(toBytes('m999999'), evaluate('return 1'), env), /unknown-memory/)
})

function toBytes (text) {
  return new TextEncoder().encode(text)
}
