//! A shop: a customer of the bank, not a part of it. It knows the bank by gRPC alone.
