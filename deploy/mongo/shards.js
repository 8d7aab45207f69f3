// Makes the replica sets shards of the cluster, through a router; can be run again, and with more shards.
//   mongosh --nodb --quiet --file shards.js
load('/scripts/topology.js');

const login = `listino_operator:${encodeURIComponent(secret('mongo_operator_password'))}`;
const admin = until('no router lets the operator in', () =>
  new Mongo(`mongodb://${login}@${process.env.CLUSTER_ROUTERS}/?authSource=admin&serverSelectionTimeoutMS=5000`).getDB('admin')
);

const known = new Set(admin.runCommand({ listShards: 1 }).shards.map(shard => shard._id));
shardSets.filter(set => !known.has(set.name)).forEach(set => {
  until(`${set.name} does not become a shard`, () => {
    const answer = admin.runCommand({ addShard: set.seeds, name: set.name });
    if (!answer.ok) throw new Error(answer.errmsg);
  });
  print(`${set.name}: added`);
});
