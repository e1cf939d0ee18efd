/* Which kernel of the four this is. */
#ifndef PHASE_H
#define PHASE_H

#define PHASE_NAME "phase 3, extract"

#endif
