//! A zoo of rpm repositories: those that `createrepo_c` makes, those that are on the network, and those that nobody should make,
//! followed by `sync` over real nginx. Each oddity and each trap of the family is in a cage here.

mod basics;
