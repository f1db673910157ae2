"""Slow down the guessing of secrets, and bound what guessing costs this machine.

Who may misuse a door that takes secrets, and what holds against that:

- Somebody guesses the password of one person, from one address or from many: a bucket for the name with the address,
  and one for the name.
- Somebody tries one likely password with many names: a bucket for the address. A network of IPv6 is one address by its
  first 64 bits, because every customer gets that many.
- Somebody types wrong passwords to keep a person out: a browser in which the person has signed in before has a bucket
  of its own and asks no other (`portal.accounts.browsers`).
- Somebody sends many requests at once: a bucket is taken from before the secret is looked at, by one conditional
  UPDATE, so that no more are let in than there is room for. Not more than a few passwords are hashed at a time
  (`turns`); the others are answered at once with the time after which to try again.
- Somebody fills the table: there are `buckets.COUNT` buckets and never more. Which one a name belongs to follows from a
  keyed digest, so nobody can aim at the bucket of somebody else. Two names may share a bucket, and then its room.
- Somebody restarts the portal or waits for another process: the buckets are in the database.

A secret that nobody can guess (256 random bits, a signed link) is taken whatever the buckets say: there only wrong ones
are counted, so that a stranger cannot keep out whoever has the right one.
"""
