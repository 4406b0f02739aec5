/* A library in place of libudev.so.1 for tests: it tells a browser that pseudo-terminals are USB
 * serial ports. Everything else of the browser's Web Serial stays as it is, down to read(2).
 *
 * The browser believes libudev about which devices there are: subsystem "tty", a device number that
 * /proc/tty/drivers calls serial, a node, USB numbers. All of that comes from the bus, a program that
 * listens on the UNIX socket (SOCK_SEQPACKET) named by MYOSCOPE_RIG; a connection is one question:
 *
 *   ports           answered by one packet, a line a port: KEY=value, separated by tabs
 *   watch           never closed by the bus: a packet a change, "add" or "remove" and then the port
 *   lines PTY       answered by the modem lines, a decimal number of TIOCM_ bits
 *   raise PTY bits  likewise, after setting lines; "lower PTY bits" after clearing them
 *
 * Two functions of libc are wrapped for what a pseudo-terminal lacks: ioctl for modem lines, read for
 * errors of the line. The bus asks for an error in the file MYOSCOPE_RIG.fault, two 32-bit words:
 * what (1 break, 2 a byte with wrong parity, 3 EIO, 4 ENXIO; 0 once it was done) and the number of the
 * pseudo-terminal. With PARMRK, as browsers set it, the kernel marks a break as FF 00 00 and a bad
 * byte as FF 00 byte; the same is written here.
 *
 *   cc -O2 -Wall -Wextra -Werror -fPIC -shared -Wl,-soname,libudev.so.1 -Wl,--version-script=udev.map */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#define UNUSED __attribute__((unused))
enum { PACKET = 1 << 16, MAX_FIELDS = 16 };

/* A device is its text, cut at the tabs. */
struct udev_device {
  int refs;
  int fields;
  const char *name[MAX_FIELDS], *value[MAX_FIELDS];
  char text[];
};
struct udev { int refs; };
struct udev_list_entry { struct udev_list_entry *next; char name[]; };
struct udev_enumerate { int refs, wants_tty, wants_other; struct udev_list_entry *first; };
struct udev_monitor { int refs, wants_tty, wants_other, fd; };

/* ---- the bus ---- */

static int ask(const char *question) {
  const char *path = getenv("MYOSCOPE_RIG");
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  if (!path || strlen(path) >= sizeof address.sun_path) return -1;
  strcpy(address.sun_path, path);
  int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
  if (fd < 0) return -1;
  if (connect(fd, (struct sockaddr *)&address, sizeof address) == 0 && send(fd, question, strlen(question), MSG_NOSIGNAL) >= 0) return fd;
  close(fd);
  return -1;
}

/* One packet as text that the caller frees; none where the bus is gone. */
static char *packet(int fd, int flags) {
  char *text = malloc(PACKET);
  ssize_t n = text ? recv(fd, text, PACKET - 1, flags) : -1;
  if (n <= 0) {
    free(text);
    return NULL;
  }
  text[n] = 0;
  return text;
}

static char *ports(void) {
  int fd = ask("ports");
  if (fd < 0) return NULL;
  char *text = packet(fd, 0);
  close(fd);
  return text;
}

static struct udev_device *device(const char *line) {
  size_t length = strlen(line) + 1;
  struct udev_device *d = calloc(1, sizeof *d + length);
  if (!d) return NULL;
  d->refs = 1;
  memcpy(d->text, line, length);
  char *rest = d->text, *field;
  while ((field = strsep(&rest, "\t")) && d->fields < MAX_FIELDS) {
    char *equals = strchr(field, '=');
    d->name[d->fields] = equals ? field : "ACTION";
    d->value[d->fields++] = equals ? equals + 1 : field;
    if (equals) *equals = 0;
  }
  return d;
}

static const char *property(const struct udev_device *d, const char *name) {
  for (int k = 0; d && k < d->fields; k++)
    if (!strcmp(d->name[k], name)) return d->value[k];
  return NULL;
}

/* ---- libudev: only what a browser calls ---- */

struct udev *udev_new(void) {
  struct udev *u = calloc(1, sizeof *u);
  if (u) u->refs = 1;
  return u;
}
struct udev *udev_ref(struct udev *u) {
  if (u) u->refs++;
  return u;
}
struct udev *udev_unref(struct udev *u) {
  if (u && --u->refs == 0) free(u);
  return NULL;
}

struct udev_device *udev_device_ref(struct udev_device *d) {
  if (d) d->refs++;
  return d;
}
struct udev_device *udev_device_unref(struct udev_device *d) {
  if (d && --d->refs == 0) free(d);
  return NULL;
}
struct udev_device *udev_device_new_from_syspath(struct udev *u UNUSED, const char *path) {
  char *all = ports(), *rest = all, *line;
  struct udev_device *found = NULL;
  while (!found && (line = strsep(&rest, "\n"))) {
    struct udev_device *d = device(line);
    const char *own = property(d, "SYSPATH");
    if (own && !strcmp(own, path)) found = d;
    else udev_device_unref(d);
  }
  free(all);
  return found;
}
struct udev_device *udev_device_new_from_devnum(struct udev *u UNUSED, char type UNUSED, unsigned long number UNUSED) { return NULL; }
struct udev_device *udev_device_new_from_subsystem_sysname(struct udev *u UNUSED, const char *s UNUSED, const char *n UNUSED) { return NULL; }
const char *udev_device_get_action(struct udev_device *d) { return property(d, "ACTION"); }
const char *udev_device_get_devnode(struct udev_device *d) { return property(d, "DEVNAME"); }
const char *udev_device_get_devtype(struct udev_device *d UNUSED) { return NULL; }
const char *udev_device_get_driver(struct udev_device *d UNUSED) { return NULL; }
const char *udev_device_get_subsystem(struct udev_device *d UNUSED) { return "tty"; }
const char *udev_device_get_syspath(struct udev_device *d) { return property(d, "SYSPATH"); }
const char *udev_device_get_sysname(struct udev_device *d) {
  const char *path = property(d, "SYSPATH"), *last = path ? strrchr(path, '/') : NULL;
  return last ? last + 1 : path;
}
const char *udev_device_get_property_value(struct udev_device *d, const char *name) { return property(d, name); }
const char *udev_device_get_sysattr_value(struct udev_device *d UNUSED, const char *name UNUSED) { return NULL; }
struct udev_device *udev_device_get_parent(struct udev_device *d UNUSED) { return NULL; }
struct udev_device *udev_device_get_parent_with_subsystem_devtype(struct udev_device *d UNUSED, const char *s UNUSED, const char *t UNUSED) {
  return NULL;
}
struct udev_list_entry *udev_device_get_properties_list_entry(struct udev_device *d UNUSED) { return NULL; }

static void want(const char *subsystem, int *tty, int *other) {
  if (subsystem && !strcmp(subsystem, "tty")) *tty = 1;
  else *other = 1;
}
/* Serial ports are asked for without a filter; other subsystems have no devices here. */
static int wanted(int tty, int other) { return tty || !other; }

struct udev_enumerate *udev_enumerate_new(struct udev *u UNUSED) {
  struct udev_enumerate *e = calloc(1, sizeof *e);
  if (e) e->refs = 1;
  return e;
}
struct udev_enumerate *udev_enumerate_unref(struct udev_enumerate *e) {
  if (!e || --e->refs) return NULL;
  for (struct udev_list_entry *entry = e->first, *next; entry; entry = next) {
    next = entry->next;
    free(entry);
  }
  free(e);
  return NULL;
}
int udev_enumerate_add_match_subsystem(struct udev_enumerate *e, const char *subsystem) {
  want(subsystem, &e->wants_tty, &e->wants_other);
  return 0;
}
int udev_enumerate_scan_devices(struct udev_enumerate *e) {
  char *all = wanted(e->wants_tty, e->wants_other) ? ports() : NULL, *rest = all, *line;
  while ((line = strsep(&rest, "\n"))) {
    struct udev_device *d = device(line);
    const char *path = property(d, "SYSPATH");
    struct udev_list_entry *entry = path ? calloc(1, sizeof *entry + strlen(path) + 1) : NULL;
    if (entry) {
      strcpy(entry->name, path);
      entry->next = e->first;
      e->first = entry;
    }
    udev_device_unref(d);
  }
  free(all);
  return 0;
}
struct udev_list_entry *udev_enumerate_get_list_entry(struct udev_enumerate *e) { return e->first; }
struct udev_list_entry *udev_list_entry_get_next(struct udev_list_entry *entry) { return entry ? entry->next : NULL; }
const char *udev_list_entry_get_name(struct udev_list_entry *entry) { return entry ? entry->name : NULL; }
const char *udev_list_entry_get_value(struct udev_list_entry *entry UNUSED) { return NULL; }

/* A descriptor that never becomes readable. Its other end stays open for as long as the process. */
static int silence(void) {
  int ends[2];
  return socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) == 0 ? ends[0] : -1;
}

struct udev_monitor *udev_monitor_new_from_netlink(struct udev *u UNUSED, const char *name UNUSED) {
  struct udev_monitor *m = calloc(1, sizeof *m);
  if (m) {
    m->refs = 1;
    m->fd = -1;
  }
  return m;
}
int udev_monitor_filter_add_match_subsystem_devtype(struct udev_monitor *m, const char *subsystem, const char *type UNUSED) {
  want(subsystem, &m->wants_tty, &m->wants_other);
  return 0;
}
int udev_monitor_set_receive_buffer_size(struct udev_monitor *m UNUSED, int bytes UNUSED) { return 0; }
int udev_monitor_enable_receiving(struct udev_monitor *m) {
  if (wanted(m->wants_tty, m->wants_other)) m->fd = ask("watch");
  if (m->fd < 0) m->fd = silence();
  return m->fd < 0 ? -1 : 0;
}
int udev_monitor_get_fd(struct udev_monitor *m) { return m->fd; }
struct udev_device *udev_monitor_receive_device(struct udev_monitor *m) {
  errno = 0;
  char *text = packet(m->fd, MSG_DONTWAIT);
  if (!text) {
    /* A bus that is gone would be readable for ever. */
    int quiet = errno == EAGAIN ? -1 : silence();
    if (quiet >= 0) {
      dup2(quiet, m->fd);
      close(quiet);
    }
    return NULL;
  }
  struct udev_device *d = device(text);
  free(text);
  return d;
}
struct udev_monitor *udev_monitor_unref(struct udev_monitor *m) {
  if (m && --m->refs == 0) {
    if (m->fd >= 0) close(m->fd);
    free(m);
  }
  return NULL;
}

/* ---- libc ---- */

/* Number of the pseudo-terminal behind a descriptor, or -1. */
static int terminal(int fd) {
  char link[32], path[64];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t n = readlink(link, path, sizeof path - 1);
  if (n < 10) return -1;
  path[n] = 0;
  return strncmp(path, "/dev/pts/", 9) ? -1 : atoi(path + 9);
}

static int lines(int fd, const char *what, int bits) {
  int number = terminal(fd);
  if (number < 0) return -1;
  char question[64];
  snprintf(question, sizeof question, "%s /dev/pts/%d %d", what, number, bits);
  int bus = ask(question);
  if (bus < 0) return -1;
  char *answer = packet(bus, 0);
  close(bus);
  int all = answer ? atoi(answer) : -1;
  free(answer);
  return all;
}

int ioctl(int fd, unsigned long request, ...) {
  va_list rest;
  va_start(rest, request);
  void *argument = va_arg(rest, void *);
  va_end(rest);
  int result = (int)syscall(SYS_ioctl, fd, request, argument);
  if (result == 0 || (errno != ENOTTY && errno != EINVAL) || !getenv("MYOSCOPE_RIG")) return result;
  int why = errno, now = -1;
  if (request == TIOCMGET) now = lines(fd, "lines", 0);
  if (request == TIOCMBIS) now = lines(fd, "raise", *(int *)argument);
  if (request == TIOCMBIC) now = lines(fd, "lower", *(int *)argument);
  if (now < 0) {
    errno = why;
    return result;
  }
  if (request == TIOCMGET) *(int *)argument = now;
  return 0;
}

static volatile uint32_t *fault(void) {
  static volatile uint32_t *words;
  static int looked;
  if (!looked) {
    looked = 1;
    const char *rig = getenv("MYOSCOPE_RIG");
    char path[256];
    int fd = rig && snprintf(path, sizeof path, "%s.fault", rig) < (int)sizeof path ? open(path, O_RDWR | O_CLOEXEC) : -1;
    void *page = fd < 0 ? MAP_FAILED : mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (fd >= 0) close(fd);
    if (page != MAP_FAILED) words = page;
  }
  return words;
}

ssize_t read(int fd, void *buffer, size_t length) {
  volatile uint32_t *words = fault();
  if (!words || !words[0] || length < 8 || terminal(fd) != (int)words[1]) return syscall(SYS_read, fd, buffer, length);
  ssize_t n = syscall(SYS_read, fd, buffer, length - 3);
  if (n <= 0) return n;
  uint32_t what = words[0];
  words[0] = 0;
  if (what > 2) {
    errno = what == 3 ? EIO : ENXIO;
    return -1;
  }
  const unsigned char mark[3] = {0xff, 0, what == 1 ? 0 : 0x55};
  memcpy((char *)buffer + n, mark, 3);
  return n + 3;
}
