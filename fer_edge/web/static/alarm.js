// The alarm on the page: a sound and a vibration for whoever looks. It never answers for the driver.
const CRITICAL = "critical";
const PATTERN = { warning: [[880, 0.18], [0, 0.12], [880, 0.18], [0, 0.9]], critical: [[988, 0.22], [740, 0.22]] };
const SHAKE = { warning: [250, 150, 250], critical: [500, 120, 500, 120, 500] };
const LOST = [[440, 0.3], [330, 0.4]];

/** An alarm bound to its dialog. Silent until armed by a tap: browsers allow no sound before one. */
export class Alarm {
  #context = null;
  #timer = null;
  #silenced = new Map();
  #wakelock = null;
  #testing = null; // the timer that ends a test
  #lent = false; // armed for a test only
  level = null;

  constructor(dialog, title, button) {
    Object.assign(this, { dialog, title });
    button.onclick = () => this.silence();
    dialog.oncancel = () => this.silence();
  }

  get armed() { return this.#context !== null; }

  async arm() {
    this.#context = new AudioContext();
    // A page without a sound device goes on: it still vibrates and fills the screen.
    await Promise.race([this.#context.resume().catch(() => {}), new Promise((done) => { setTimeout(done, 500); })]);
    await this.#stayAwake();
  }

  disarm() {
    this.#stop();
    this.#context?.close();
    this.#context = null;
    this.#silenced.clear();
    this.#wakelock?.release();
    this.#wakelock = null;
  }

  /** Three seconds of the loudest; arms for that long only if it was not armed. */
  async test() {
    if (this.#testing !== null) return;
    this.#testing = setTimeout(() => this.#tested(), 3000);
    this.#lent = !this.armed;
    if (this.#lent) await this.arm();
    this.#sound(CRITICAL, "Alarm test");
  }

  #tested() {
    clearTimeout(this.#testing);
    this.#testing = null;
    this.#stop();
    if (this.#lent) this.disarm();
    this.#lent = false;
  }

  /** Follow the open events [{key, type, level, words}], worst first. A rise in level sounds again after a silence. */
  follow(open) {
    if (!this.armed || this.#testing !== null) return;
    for (const key of this.#silenced.keys()) if (!open.some((event) => event.key === key)) this.#silenced.delete(key);
    this.open = open;
    const loud = open.find(({ key, level }) => level in PATTERN && this.#silenced.get(key) !== level && this.#silenced.get(key) !== CRITICAL);
    if (loud) this.#sound(loud.level, loud.words);
    else this.#stop();
  }

  /** For the ears of this page only. */
  silence() {
    if (this.#testing !== null) return this.#tested();
    for (const { key, level } of this.open ?? []) this.#silenced.set(key, level);
    this.#stop();
  }

  /** The node is no longer heard: a falling tone, once. */
  lost() { if (this.armed) this.#play(LOST); }

  again() { if (this.armed) this.#stayAwake(); }

  async #stayAwake() {
    try { this.#wakelock = await navigator.wakeLock?.request("screen"); } catch { /* not allowed over plain http */ }
  }

  #sound(level, words) {
    this.title.textContent = `${words}: are you awake?`;
    if (this.level === level) return;
    this.#stop();
    this.level = level;
    if (!this.dialog.open) this.dialog.showModal();
    const once = () => {
      navigator.vibrate?.(SHAKE[level]);
      return this.#play(PATTERN[level]);
    };
    this.#timer = setInterval(once, 1000 * once());
  }

  #stop() {
    clearInterval(this.#timer);
    this.#timer = null;
    this.level = null;
    navigator.vibrate?.(0);
    if (this.dialog.open) this.dialog.close();
  }

  #play(notes) {
    let at = this.#context.currentTime;
    const began = at;
    for (const [hertz, lasts] of notes) {
      if (hertz) {
        const tone = this.#context.createOscillator(), gain = this.#context.createGain();
        tone.type = "square";
        tone.frequency.value = hertz;
        gain.gain.setValueAtTime(0.35, at);
        gain.gain.setValueAtTime(0, at + lasts);
        tone.connect(gain).connect(this.#context.destination);
        tone.start(at);
        tone.stop(at + lasts);
      }
      at += lasts;
    }
    return at - began;
  }
}
