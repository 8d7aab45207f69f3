"""The development router: stands where mongos stands, in front of real config servers and real shards.

There is a wheel with mongod and none with mongos, so on a developer's machine and in the tests this process does mongos'
work: it speaks MongoDB's wire protocol to the drivers and sends each statement to the shard that owns it, with the
shard's version, so that a shard which no longer owns it refuses instead of answering from what it has.

It is NOT mongos and not for production, where mongos runs: it has no authentication and listens on this machine only,
it refuses multi-document transactions (263) and change streams (115), and it knows no command that is not in its table
(59). What it does answer is either the whole cluster's answer or an error, never one shard's as if that were all.

What it builds on, all of it in MongoDB 6.0's shard servers: commands with shardVersion/databaseVersion (statements whose
shard is known), the cluster* commands (a shard member does the routing), _shardsvr* and _configsvr* (definitions,
placement).
"""
