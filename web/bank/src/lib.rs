//! What the cardholder and the operator look at. It knows the bank by GraphQL, and by gRPC for commands.
