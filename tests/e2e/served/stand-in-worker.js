// A worker of the app behind the stand-in for serial ports.
import './stand-in.js';
import(new URL(location.href).searchParams.get('program'));
