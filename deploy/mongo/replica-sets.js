// Makes the started servers replica sets and their users; can be run again, which also sets changed passwords.
//   mongosh --nodb --quiet --file replica-sets.js
// It signs in as the servers do among themselves, by the key file: before that there is no user. Users of the cluster are
// kept by the config servers. Users of a shard are for looking at that shard directly, and may write nothing.
load('/scripts/topology.js');

const signIn = (hosts, name) => {
  const login = `__system:${encodeURIComponent(secret('mongo_keyfile'))}`;
  const options = name ? `replicaSet=${name}` : 'directConnection=true';
  return new Mongo(
    `mongodb://${login}@${hosts.join(',')}/?authSource=local&serverSelectionTimeoutMS=5000&${options}`
  );
};

const initiate = (set, configsvr) => {
  until(`${set.name} does not take its configuration`, () => {
    const first = signIn([set.hosts[0]]).getDB('admin');
    if (first.hello().setName) return;
    const members = set.hosts.map((host, number) => ({ _id: number, host }));
    const answer = first.runCommand({ replSetInitiate: { _id: set.name, configsvr, members } });
    if (!answer.ok && answer.codeName !== 'AlreadyInitialized') throw new Error(answer.errmsg);
    print(`${set.name}: initiated`);
  });
};

const primary = set =>
  until(`${set.name} has no primary`, () => {
    const admin = signIn(set.hosts, set.name).getDB('admin');
    if (!admin.hello().isWritablePrimary) throw new Error('no primary yet');
    return admin;
  });

const put = (admin, user, file, roles) => {
  const wanted = { pwd: secret(file), roles };
  if (admin.getUser(user)) admin.updateUser(user, wanted);
  else admin.createUser({ user, ...wanted });
};

initiate(configSet, true);
shardSets.forEach(set => initiate(set, false));

const database = process.env.CLUSTER_DATABASE;
const watch = { role: 'clusterMonitor', db: 'admin' };

const cluster = primary(configSet);
// The applications: documents of one database, and nothing else.
put(cluster, 'listino', 'mongo_listino_password', [{ role: 'readWrite', db: database }]);
// `listino cluster …` and `listino staff …`: shards, shard keys, validators and indexes.
put(cluster, 'listino_operator', 'mongo_operator_password', [
  { role: 'clusterManager', db: 'admin' }, watch,
  { role: 'dbAdmin', db: database }, { role: 'readWrite', db: database },
]);
put(cluster, 'monitor', 'mongo_monitor_password', [watch]);
print(`${configSet.name}: users of the cluster`);

shardSets.forEach(set => {
  const shard = primary(set);
  put(shard, 'listino_operator', 'mongo_operator_password', [watch, { role: 'read', db: database }]);
  put(shard, 'monitor', 'mongo_monitor_password', [watch]);
  print(`${set.name}: users of the shard`);
});
