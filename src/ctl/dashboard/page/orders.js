
// What can be ordered. Nothing is sent before its word is typed, and the desk compares the word once more.
let asked = null;

function drawActions(state) {
  const busy = Boolean(state.work && !state.work.end);
  const moves = state.vips.map((vip) => [vip.name, vip.address, vip.lanes.map((lane) => lane.host).filter((host) => vip.owners.length !== 1 || vip.owners[0] !== host)]);
  fill(byId('actions'), [moves, state.servers, state.drills, busy, state.read_only], () => {
    if (state.read_only) return [element('p', {class: 'soft'}, say('read_only'))];
    const button = (text, what) => element('button', {type: 'button', disabled: busy, press: () => ask(what)}, text);
    const row = (label, ...buttons) => (buttons.length ? element('div', {class: 'row'}, element('span', {class: 'label'}, label), ...buttons) : null);
    return [
      ...moves.map(([vip, address, hosts]) => row(say('failover', {vip: address || vip}), ...hosts.map((to) => button(to, {do: 'failover', vip, to})))),
      row(say('servers'), ...state.servers.map(({host, drained}) => button(`${say(drained ? 'undrain' : 'drain')} ${host}`, {do: drained ? 'undrain' : 'drain', host}))),
      row(say('drills'), ...state.drills.map((drill) => button(drill.name, {do: 'drill', scenario: drill.name}))),
    ].filter(Boolean);
  });
}

function ask(what) {
  asked = what;
  const word = what.to || what.host || what.scenario;
  const vip = seen.vips.find((one) => one.name === what.vip);
  const drill = seen.drills.find((one) => one.name === what.scenario);
  const gaps = {vip: vip?.address || what.vip, host: word, name: word, title: inWords(drill?.title), expected: inWords(drill?.expected)};
  const verb = seen.by_kernel ? what.do : `backend ${what.do}`;
  const command = {failover: `hactl failover --vip ${what.vip} --to ${word}`, drill: `hactl drill ${word}`}[what.do] ?? `hactl ${verb} ${word}`;
  byId('ask-title').textContent = sayOf(`ask_${what.do}`, '').replace(/\{(\w+)\}/g, (_, name) => gaps[name]);
  byId('ask-will').textContent = sayOf(`will_${what.do}`, '').replace(/\{(\w+)\}/g, (_, name) => gaps[name]);
  byId('ask-command').textContent = command;
  byId('ask-label').textContent = say('type', {word});
  byId('ask-yes').textContent = say('do_it');
  byId('ask-yes').disabled = true;
  byId('ask-refused').textContent = '';
  byId('ask-typed').value = '';
  byId('ask').showModal();
  byId('ask-typed').focus();
}

byId('ask-typed').addEventListener('input', () => {
  byId('ask-yes').disabled = byId('ask-typed').value !== (asked.to || asked.host || asked.scenario);
});
byId('ask-no').addEventListener('click', () => byId('ask').close());
byId('ask-form').addEventListener('submit', async (event) => {
  event.preventDefault();
  byId('ask-yes').disabled = true;
  let refused = 'cut';
  try {
    const answer = await fetch('/order', {
      method: 'POST', headers: {'X-Hactl-Token': token, 'Content-Type': 'application/json'},
      body: JSON.stringify({...asked, typed: byId('ask-typed').value}),
    });
    if (answer.status === 202) {
      byId('ask').close();
      byId('work').hidden = false;
      byId('work').scrollIntoView({block: 'nearest'});
      return;
    }
    if (answer.status === 409) refused = (await answer.json()).refused;
  } catch { /* said below */ }
  byId('ask-refused').textContent = sayOf(`refused_${refused}`, refused);
});
