// Sends on what reaches it, block by block; see `tapLoudspeaker`.
registerProcessor('tap', class extends AudioWorkletProcessor {
  process([input]) {
    this.port.postMessage(input[0] ? input[0].slice() : new Float32Array(128));
    return true;
  }
});
