//! The table of a stack: who runs where, as which process, how it feels, where it logs.

use super::Stack;
use crate::server::Server;

const HEADINGS: [&str; 5] = ["server", "address", "pid", "health", "log"];

/// True when every server is well.
pub(crate) fn print(stack: &Stack) -> bool {
    let rows: Vec<[String; 5]> = Server::ALL.iter().map(|server| row(stack, *server)).collect();
    print!("{}", table(&rows));
    Server::ALL.iter().all(|server| health(stack, *server) == WELL)
}

const WELL: &str = "ready";

fn row(stack: &Stack, server: Server) -> [String; 5] {
    let running = stack.process(server).filter(|process| process.alive());
    [
        server.title().to_owned(),
        format!("127.0.0.1:{}", server.port(stack)),
        running.map_or_else(|| "-".to_owned(), |process| process.pid.to_string()),
        health(stack, server),
        stack.log(server).display().to_string(),
    ]
}

fn health(stack: &Stack, server: Server) -> String {
    let Some(process) = stack.process(server) else {
        return "stopped".to_owned();
    };
    if !process.alive() {
        return "died".to_owned();
    }
    match server.recipe().healthy(stack) {
        Ok(()) => WELL.to_owned(),
        Err(error) => format!("{error:#}"),
    }
}

fn table(rows: &[[String; 5]]) -> String {
    let headings = HEADINGS.map(str::to_owned);
    let all = || std::iter::once(&headings).chain(rows);
    let widths: Vec<usize> = (0..HEADINGS.len())
        .map(|column| all().map(|row| row[column].len()).max().unwrap_or(0))
        .collect();
    let line = |row: &[String; 5]| {
        let cells: Vec<String> = row
            .iter()
            .zip(&widths)
            .map(|(cell, width)| format!("{cell:<width$}"))
            .collect();
        format!("{}\n", cells.join("  ").trim_end())
    };
    all().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up() {
        let row = ["Kafka", "127.0.0.1:9092", "7", "ready", "/logs/kafka.log"].map(str::to_owned);
        assert_eq!(
            table(&[row]),
            "server  address         pid  health  log\nKafka   127.0.0.1:9092  7    ready   /logs/kafka.log\n"
        );
    }
}
