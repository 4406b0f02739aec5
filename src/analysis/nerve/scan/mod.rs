mod chain; mod likelihood; mod portable; pub mod curve; pub mod units;
