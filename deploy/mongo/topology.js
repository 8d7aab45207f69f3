// What the servers of this cluster are called; loaded by the scripts beside it. CLUSTER_CONFIG is one replica set,
// CLUSTER_SHARDS are several separated by blanks, each as MongoDB writes it: name/host:port,host:port,…
const fs = require('fs');

const secret = name => fs.readFileSync(`/run/secrets/${name}`, 'utf8').trim();

const memberSet = text => {
  const [name, hosts] = text.split('/');
  return { name, hosts: hosts.split(',') };
};

const configSet = memberSet(process.env.CLUSTER_CONFIG);
const shardSets = process.env.CLUSTER_SHARDS.split(' ').filter(Boolean).map(memberSet);

// Repeats a step while servers start or elect; gives up, with the last reason, after a minute and a half.
const until = (what, step) => {
  const deadline = Date.now() + 90_000;
  for (;;) {
    try {
      return step();
    } catch (error) {
      if (Date.now() > deadline) throw new Error(`${what}: ${error.message}`);
      sleep(500);
    }
  }
};
