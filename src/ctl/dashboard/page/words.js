
// The words of the page in the language that is shown, and small helpers.
const kept = (name) => { try { return localStorage.getItem(name); } catch { return null; } };
const keep = (name, value) => { try { localStorage.setItem(name, value); } catch { /* not allowed: for this page only */ } };
const byId = (id) => document.getElementById(id);
let language = kept('hactl-language') || ((navigator.language || '').startsWith('zh') ? 'zh' : 'en');

function say(key, gaps = {}) {
  const text = WORDS[language][key] ?? key;
  return text.replace(/\{(\w+)\}/g, (whole, name) => String(gaps[name] ?? whole));
}

// A word that is made of a family and a name, such as a state; one that is not known stays as it is.
const sayOf = (key, name) => WORDS[language][key] ?? name;
const stateWord = (state) => sayOf(`state_${state}`, state);
const names = (list) => list.join(say('and'));

// What the desk and the agents say in English, in Chinese where the desk has it.
let chinese = {};
const inWords = (text) => (language === 'zh' && chinese[text]) || text;

function element(kind, attributes = {}, ...inside) {
  const made = document.createElement(kind);
  for (const [name, value] of Object.entries(attributes)) {
    if (name === 'class') made.className = value;
    else if (name === 'press') made.addEventListener('click', value);
    else if (value !== false && value != null) made.setAttribute(name, value === true ? '' : value);
  }
  made.append(...inside.filter((part) => part != null));
  return made;
}

function drawn(kind, attributes = {}, text) {
  const made = document.createElementNS('http://www.w3.org/2000/svg', kind);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  if (text != null) made.textContent = text;
  return made;
}

// Puts new content in, unless it is what is there: what somebody reads or has the focus on stays.
function fill(place, key, make) {
  const now = language + JSON.stringify(key);
  if (place.known === now) return;
  place.known = now;
  place.replaceChildren(...make());
}

const clock = (ms) => new Date(ms).toLocaleTimeString(language === 'zh' ? 'zh-CN' : 'en-GB', {hour12: false});

function lasted(ms) {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  if (seconds < 100) return say('seconds', {n: seconds});
  if (seconds < 6000) return say('minutes', {n: Math.floor(seconds / 60)});
  if (seconds < 172800) return say('hours', {n: Math.floor(seconds / 3600)});
  return say('days', {n: Math.floor(seconds / 86400)});
}

const perSecond = (tenths) => (tenths >= 100 ? Math.round(tenths / 10) : (tenths / 10).toFixed(1));
