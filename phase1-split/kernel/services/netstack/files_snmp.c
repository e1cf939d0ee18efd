/* /proc/net/snmp: lwIP's counters under the names that RFC 1213 gives them, in Linux's order. */
#include "files.h"

#include <lwip/opt.h>
#include <lwip/stats.h>

int files_snmp(struct text *out)
{
    const struct stats_mib2 *mib = &lwip_stats.mib2;

    text_add(out, "Ip: Forwarding DefaultTTL InReceives InHdrErrors InAddrErrors ForwDatagrams "
                  "InUnknownProtos InDiscards InDelivers OutRequests OutDiscards OutNoRoutes "
                  "ReasmTimeout ReasmReqds ReasmOKs ReasmFails FragOKs FragFails FragCreates\n");
    text_add(out, "Ip: 2 %u %u %u %u %u %u %u %u %u %u %u 0 %u %u %u %u %u %u\n", IP_DEFAULT_TTL,
             mib->ipinreceives, mib->ipinhdrerrors, mib->ipinaddrerrors, mib->ipforwdatagrams,
             mib->ipinunknownprotos, mib->ipindiscards, mib->ipindelivers, mib->ipoutrequests,
             mib->ipoutdiscards, mib->ipoutnoroutes, mib->ipreasmreqds, mib->ipreasmoks,
             mib->ipreasmfails, mib->ipfragoks, mib->ipfragfails, mib->ipfragcreates);
    text_add(out, "Icmp: InMsgs InErrors InCsumErrors InDestUnreachs InTimeExcds InParmProbs "
                  "InSrcQuenchs InRedirects InEchos InEchoReps InTimestamps InTimestampReps "
                  "InAddrMasks InAddrMaskReps OutMsgs OutErrors OutDestUnreachs OutTimeExcds "
                  "OutEchos OutEchoReps\n");
    text_add(out, "Icmp: %u %u 0 %u %u %u %u %u %u %u %u %u %u %u %u %u %u %u %u %u\n",
             mib->icmpinmsgs, mib->icmpinerrors, mib->icmpindestunreachs, mib->icmpintimeexcds,
             mib->icmpinparmprobs, mib->icmpinsrcquenchs, mib->icmpinredirects, mib->icmpinechos,
             mib->icmpinechoreps, mib->icmpintimestamps, mib->icmpintimestampreps,
             mib->icmpinaddrmasks, mib->icmpinaddrmaskreps, mib->icmpoutmsgs, mib->icmpouterrors,
             mib->icmpoutdestunreachs, mib->icmpouttimeexcds, mib->icmpoutechos,
             mib->icmpoutechoreps);
    text_add(out, "Tcp: RtoAlgorithm RtoMin RtoMax MaxConn ActiveOpens PassiveOpens AttemptFails "
                  "EstabResets InSegs OutSegs RetransSegs InErrs OutRsts\n");
    text_add(out, "Tcp: 1 300 120000 -1 %u %u %u %u %u %u %u %u %u\n", mib->tcpactiveopens,
             mib->tcppassiveopens, mib->tcpattemptfails, mib->tcpestabresets, mib->tcpinsegs,
             mib->tcpoutsegs, mib->tcpretranssegs, mib->tcpinerrs, mib->tcpoutrsts);
    text_add(out, "Udp: InDatagrams NoPorts InErrors OutDatagrams\nUdp: %u %u %u %u\n",
             mib->udpindatagrams, mib->udpnoports, mib->udpinerrors, mib->udpoutdatagrams);
    return 0;
}
