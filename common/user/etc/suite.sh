#!/bin/sh
# suite.sh [APPLET]...: runs BusyBox's test suite, or the tests of these applets, on a copy.  It goes
# away with everything that the tests leave behind in it and in /tmp: what is missing in the kernel's
# accounts after that, the kernel has lost.
mount -t tmpfs tmpfs /copy
mount -t tmpfs -o mode=1777 tmpfs /tmp
cp -a /suite/. /copy
cd /copy/testsuite || exit

# The suite's runner says the name of each test, but not of the applet that it is about.
# shellcheck disable=SC2016  # the runner is to expand it
sed '/^for applet in/a echo "Applet: $applet"' runtest >../runtest

# The environment is what Debian runs the suite in, but the known bugs are tested too.
env -i PATH=/bin:/sbin HOME=/root USER=root SHELL=/bin/sh LANG=C.UTF-8 LC_ALL=C.UTF-8 \
    sh ../runtest -v "$@" </dev/null 2>&1 | cat
cd /
umount /tmp
umount /copy
